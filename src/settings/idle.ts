import { type SettingKey, variableName } from './schema.ts';

/** Settings that would be silently ignored are refused. */
export function idle(
  keys: readonly SettingKey[],
  given: ReadonlySet<string>,
  needs: string,
): readonly string[] {
  return keys
    .filter((key) => given.has(key))
    .map((key) => `${variableName(key)}: has no effect without ${needs}; remove it`);
}

/** The same for what another setting makes idle. */
export function idleWith(
  keys: readonly SettingKey[],
  given: ReadonlySet<string>,
  reason: string,
): readonly string[] {
  return keys
    .filter((key) => given.has(key))
    .map((key) => `${variableName(key)}: has no effect with ${reason}; remove it`);
}
