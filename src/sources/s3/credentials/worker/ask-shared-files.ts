import { fromIni } from '@aws-sdk/credential-providers';
import { DeniedError } from '../../../../failure/failure.ts';
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
  if (!texts.some((text) => text !== undefined && holdsProfile(text, profile))) {
    return nothing(link, job, profileSetting, `no profile ${shown} is in ${places}`);
  }
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

function holdsProfile(text: string, profile: string): boolean {
  return text.split(/\r?\n/).some((line) => {
    const [, header = ''] = /^\s*\[([^\]]+)\]/.exec(line) ?? [];
    const name = header
      .trim()
      .replace(/^profile\s+/, '')
      .replace(/^(["'])(.*)\1$/, '$2');
    return name.trim() === profile;
  });
}

function isEmptyProfile(error: unknown, profile: string): boolean {
  return (
    error instanceof Error &&
    error.message.startsWith(`Could not resolve credentials using profile: [${profile}]`)
  );
}
