import type { Kind } from './kinds.ts';

export type Section = 'common' | 'git' | 's3' | 'directory' | 'layers' | 'gate' | 'admin';

/** One setting: everything that parsing, errors, `--help` and the reference tables need to know. */
export interface Setting<T, Default extends string | undefined = string | undefined> {
  readonly kind: Kind<T>;
  readonly section: Section;
  /** As the user would write it; undefined = no value. */
  readonly default: Default;
  /** The default in words, where the text alone does not tell. */
  readonly defaultNote?: string;
  readonly meaning: string;
  /** Never shown, in no error either. */
  readonly secret: boolean;
  /** A URL that may carry credentials: shown when it was understood, never when it was not. */
  readonly url: boolean;
}

interface Text<Default extends string | undefined> {
  readonly meaning: string;
  readonly default?: Default;
  readonly defaultNote?: string;
  readonly secret?: boolean;
  readonly url?: boolean;
}

/** Makes the settings of one section. */
export function inSection(section: Section) {
  return <T, const Default extends string | undefined = undefined>(
    kind: Kind<T>,
    { meaning, secret = false, url = false, ...rest }: Text<Default>,
  ): Setting<T, Default> => ({
    kind,
    section,
    meaning,
    secret,
    url,
    ...rest,
    default: rest.default as Default,
  });
}
