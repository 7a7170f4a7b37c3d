/** Which targets a change is for. */
export interface Routing {
  /** True when somebody needs to know what changed. */
  readonly isAsked: boolean;
  /** Whether one of the changed paths is for the target of this name. */
  concerns(target: string, changed: readonly string[]): boolean;
}

/** Everything is for everybody. */
export const toEverybody: Routing = { isAsked: false, concerns: () => true };

/** Those of the names that a change is not for; of an unknown change there are none. */
export function unconcerned(
  { concerns }: Routing,
  names: readonly string[],
  changed: readonly string[] | undefined,
): readonly string[] {
  return changed === undefined ? [] : names.filter((name) => !concerns(name, changed));
}
