import { fromIni } from '@aws-sdk/credential-providers';
import { DeniedError, SettingsError } from '../../../../failure/failure.ts';
import type { Link } from '../chain.ts';
import { aws, chosenBy } from '../names.ts';
import { type Asked, found } from './asked.ts';
import { profileFailure } from './failures.ts';
import type { CredentialJob } from './job.ts';
import { readIfThere } from './read-file.ts';
import { requestHandler } from './request-handler.ts';

type SharedFiles = Extract<Link, { kind: 'shared-files' }>;

/** Asks the profile of the shared files, whichever of the SDK's ways it names: keys, a role, a command, SSO. */
export async function askSharedFiles(link: SharedFiles, job: CredentialJob): Promise<Asked> {
  const { profile, profileSetting, credentialsFile, configFile } = link;
  const texts = [
    await readIfThere(aws.credentialsFile, credentialsFile),
    await readIfThere(aws.configFile, configFile),
  ];
  const places = `${credentialsFile} and ${configFile}`;
  if (texts.every((text) => text === undefined)) {
    return nothing(link, job, link.filesSetting ?? profileSetting, `${places} are not there`);
  }
  const shown = JSON.stringify(profile);
  const sections = texts.flatMap((text) => (text === undefined ? [] : sectionsOf(text, profile)));
  if (sections.length === 0) return nothing(link, job, profileSetting, `no profile ${shown} is in ${places}`);
  refuseHalf(new Set(sections.flat()), `the profile ${shown} in ${places}`);
  const handler = requestHandler(job.proxyEnv);
  try {
    const provider = fromIni({
      profile,
      filepath: credentialsFile,
      configFilepath: configFile,
      ignoreCache: true,
      clientConfig: { requestHandler: handler },
      parentClientConfig: { region: async () => job.region, requestHandler: handler },
    });
    return found(await provider());
  } catch (error) {
    if (!isEmptyProfile(error, profile)) throw profileFailure(error, profile);
    return nothing(link, job, undefined, `the profile ${shown} in ${places} has no credentials`);
  }
}

/** Where a variable asks for what is not there, or nothing else may be asked, the next link is no answer. */
function nothing(
  { profileSetting }: SharedFiles,
  { only }: CredentialJob,
  setting: string | undefined,
  reason: string,
): Asked {
  if (!only && setting === undefined) return { kind: 'absent', reason };
  throw new DeniedError({
    setting: setting ?? profileSetting ?? chosenBy,
    problem: reason,
    cure: `mount the files and name them by ${aws.credentialsFile} and ${aws.configFile}, and the profile by ${aws.profile}`,
  });
}

/** The names that are set in each section of a profile. */
function sectionsOf(text: string, profile: string): readonly (readonly string[])[] {
  const sections: string[][] = [];
  let current: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    const [, header] = /^\s*\[([^\]]+)\]/.exec(line) ?? [];
    const [, name] = /^([a-z_]+)\s*=\s*\S/i.exec(line) ?? [];
    if (header !== undefined) {
      current = nameOf(header) === profile ? [] : undefined;
      if (current !== undefined) sections.push(current);
    } else if (name !== undefined) current?.push(name.toLowerCase());
  }
  return sections;
}

function nameOf(header: string): string {
  return header
    .trim()
    .replace(/^profile\s+/, '')
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim();
}

/** The SDK takes half a pair for none, and would go on to the role of the node. */
function refuseHalf(names: ReadonlySet<string>, where: string): void {
  const [id, secret] = ['aws_access_key_id', 'aws_secret_access_key'] as const;
  if (names.has(id) === names.has(secret)) return;
  const [set, missing] = names.has(id) ? [id, secret] : [secret, id];
  throw new SettingsError({
    setting: aws.profile,
    problem: `${where} has ${set} and no ${missing}`,
    cure: 'write both, or neither',
  });
}

function isEmptyProfile(error: unknown, profile: string): boolean {
  return (
    error instanceof Error &&
    error.message.startsWith(`Could not resolve credentials using profile: [${profile}]`)
  );
}
