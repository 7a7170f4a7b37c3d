import { resolve } from 'node:path';
import { generationsDirectory } from '../snapshot/path-rules.ts';
import { pathInTarget } from './acknowledgement-rules.ts';
import { idle } from './idle.ts';
import type { Settings } from './schema.ts';

/** What lies beside the set must have a name that Wherry does not use. */
export function linkRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  const { publish, linkName: link } = settings;
  const isLink = publish === 'link';
  return [
    ...(isLink || publish === undefined ? [] : idle(['linkName'], given, 'WHERRY_PUBLISH=link')),
    ...besideTheSet(settings).flatMap(([variable, path]) => {
      const [first] = path.split('/');
      if (first === generationsDirectory)
        return [`${variable}: "${path}" lies where generations are kept; choose another path`];
      if (!isLink || first !== link) return [];
      return [
        `${variable}: "${path}" has the name of the link to the set, WHERRY_LINK_NAME "${link}"; give one of them another name`,
      ];
    }),
  ];
}

/** Paths relative to the target, of what is beside the set in it. */
function besideTheSet({ sentinel, ack, target }: Settings): readonly (readonly [string, string])[] {
  const inside = ack === undefined ? undefined : pathInTarget(ack, resolve(target));
  return [
    ...(sentinel === undefined ? [] : [['WHERRY_SENTINEL', sentinel] as const]),
    ...(inside === undefined ? [] : [['WHERRY_ACK', inside] as const]),
  ];
}
