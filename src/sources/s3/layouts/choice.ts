import { SettingsError } from '../../../failure/failure.ts';
import type { Settings } from '../../../settings/schema.ts';
import { pathFilterOf } from '../../../snapshot/path-filter.ts';
import type { Layout } from './layout.ts';
import type { LayoutOptions } from './layout-options.ts';
import { loadPrefixLayout } from './prefix-choice.ts';
import { watched } from './watched-key.ts';

/** The layout that the settings name. The rules let only one of them through. */
export interface ChosenLayout {
  readonly kind: 'object' | 'archive' | 'pointer' | 'prefix';
  readonly key: string;
  readonly setting: string;
}

export function chosenLayout(settings: Settings): ChosenLayout {
  const { s3Object, s3Archive, s3Pointer, s3Prefix } = settings;
  if (s3Object !== undefined) return { kind: 'object', key: s3Object, setting: 'WHERRY_S3_OBJECT' };
  if (s3Archive !== undefined) return { kind: 'archive', key: s3Archive, setting: 'WHERRY_S3_ARCHIVE' };
  if (s3Pointer !== undefined) return { kind: 'pointer', key: s3Pointer, setting: 'WHERRY_S3_POINTER' };
  if (s3Prefix !== undefined) return { kind: 'prefix', key: s3Prefix, setting: 'WHERRY_S3_PREFIX' };
  throw new SettingsError({
    problem: 'no layout is set',
    cure: 'set WHERRY_S3_OBJECT, _ARCHIVE, _POINTER or _PREFIX',
  });
}

/** What a layout does not need is not loaded. */
export async function loadLayout(options: LayoutOptions): Promise<Layout> {
  const { settings, directory } = options;
  const chosen = chosenLayout(settings);
  const { key } = chosen;
  const filter = () => pathFilterOf(settings);
  const { maxFiles, maxBytes } = settings;
  switch (chosen.kind) {
    case 'object': {
      const { ObjectLayout } = await import('./object.ts');
      return new ObjectLayout(watched(chosen, options), filter);
    }
    case 'archive': {
      const { ArchiveLayout } = await import('./archive.ts');
      const { archiveFormatOf } = await import('../../archive/format.ts');
      const format = archiveFormatOf(key);
      if (format === undefined)
        throw new SettingsError({ setting: chosen.setting, problem: `"${key}" is no archive` });
      return new ArchiveLayout({
        object: watched(chosen, options),
        format,
        directory,
        filter,
        limits: { maxFiles, maxBytes },
      });
    }
    case 'pointer': {
      const { createPointerLayout } = await import('./pointer-choice.ts');
      return createPointerLayout(chosen, options);
    }
    case 'prefix':
      return loadPrefixLayout(chosen, options);
  }
}
