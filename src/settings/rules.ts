import { relative, resolve } from 'node:path';
import { directoryRules } from './directory-rules.ts';
import { gitRules } from './git-rules.ts';
import { idle, idleWith } from './idle.ts';
import { misplacedRules } from './layers/rules.ts';
import { inLayerTerms } from './layers/terms.ts';
import { linkRules } from './link-rules.ts';
import { isOutside } from './outside.ts';
import { reloadRules } from './reload-rules.ts';
import { renameRules } from './rename-rules.ts';
import { s3Rules } from './s3-rules.ts';
import { type SettingKey, type Settings, schema, settingKeys } from './schema.ts';
import type { Section } from './setting.ts';

/** The keys that the user set: those of the set, and those of each layer. */
export interface GivenKeys {
  readonly given: ReadonlySet<string>;
  readonly ofLayers: readonly ReadonlySet<string>[];
}

/**
 * What one value cannot tell: settings that need, exclude or have no effect without each other. `partial` says that
 * some value did not parse, so that a missing one is not reported twice.
 */
export function rules(
  settings: Settings,
  { given, ofLayers }: GivenKeys,
  partial: boolean,
): readonly string[] {
  const { layerList } = settings;
  return [
    ...(layerList === undefined ? sourceRules(settings, given, partial) : misplacedRules(layerList, given)),
    ...(layerList ?? []).flatMap((layer, index) =>
      sourceRules(layer.settings, ofLayers[index] ?? new Set(), partial).map((problem) =>
        inLayerTerms(problem, layer.name),
      ),
    ),
    ...pathRules(settings),
    ...linkRules(settings, given),
    ...renameRules(settings, given),
    ...modeRules(settings),
    ...(settings.adminAddress === 'off' ? idleWith(['adminToken'], given, 'WHERRY_ADMIN_ADDRESS=off') : []),
    ...reloadRules(settings, given),
  ];
}

function sourceRules(settings: Settings, given: ReadonlySet<string>, partial: boolean): readonly string[] {
  const { source } = settings;
  switch (source) {
    case undefined:
      return partial ? [] : ['WHERRY_SOURCE: required; set it to git, s3 or dir'];
    case 'git':
      return [...gitRules(settings, given, partial), ...others(['s3', 'directory'], given)];
    case 's3':
      return [...s3Rules(settings, given), ...others(['git', 'directory'], given)];
    case 'dir':
      return [...directoryRules(settings, given), ...others(['git', 's3'], given)];
  }
}

const sourceOfSection = { git: 'git', s3: 's3', directory: 'dir' } as const;

/** The settings of a source that is not the one. */
function others(
  sections: readonly (keyof typeof sourceOfSection)[],
  given: ReadonlySet<string>,
): readonly string[] {
  return sections.flatMap((section) =>
    idle(keysOf(section), given, `WHERRY_SOURCE=${sourceOfSection[section]}`),
  );
}

function keysOf(section: Section): readonly SettingKey[] {
  return settingKeys.filter((key) => schema[key].section === section);
}

function pathRules({ target, stateDir, require }: Settings): readonly string[] {
  const problems: string[] = [];
  if (target === '/') problems.push('WHERRY_TARGET: "/" cannot be kept; name a directory of its own');
  if (stateDir !== undefined) problems.push(...stateDirRules(resolve(stateDir), resolve(target)));
  for (const path of (require ?? []).filter(isOutside)) {
    problems.push(
      `WHERRY_REQUIRE: "${path}" is not a path inside the set; write it without a leading / and ..`,
    );
  }
  return problems;
}

/** Inside the target it must have a name that no set can have, and that Wherry does not use for something else. */
function stateDirRules(stateDir: string, target: string): readonly string[] {
  const [first = ''] = relative(target, stateDir).split('/');
  const isInside = first !== '..' || stateDir === target;
  const isFree =
    first.startsWith('..') && !/^\.\.(data|data_tmp|generations|generations_tmp|\d.*)$/.test(first);
  const [own = ''] = relative(stateDir, target).split('/');
  if (/^(generations|git|s3|layers)$/.test(own)) {
    return [
      `WHERRY_TARGET: "${target}" lies where Wherry keeps files of its own, in WHERRY_STATE_DIR "${stateDir}"; name another directory`,
    ];
  }
  if (!isInside || isFree) return [];
  return [
    `WHERRY_STATE_DIR: "${stateDir}" lies where published files go; name a directory outside the target, or leave it out`,
  ];
}

/** Wherry itself must be able to read what it published. */
function modeRules({ fileMode, dirMode }: Settings): readonly string[] {
  const shown = (mode: number) => `"0${mode.toString(8).padStart(3, '0')}"`;
  const problems: string[] = [];
  if (fileMode !== undefined && (fileMode & 0o400) === 0) {
    problems.push(`WHERRY_FILE_MODE: ${shown(fileMode)} takes the owner's right to read; use 0400 or more`);
  }
  if (dirMode !== undefined && (dirMode & 0o500) !== 0o500) {
    problems.push(
      `WHERRY_DIR_MODE: ${shown(dirMode)} takes the owner's right to look into it; use 0500 or more`,
    );
  }
  return problems;
}
