import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { dataShape, generationOfText, linkShape } from './shape.ts';

/** How sets are published, and where. */
export interface Layout {
  readonly publish: 'symlink' | 'rename' | 'link';
  readonly linkName: string;
  /** Absolute, both. */
  readonly targetDir: string;
  readonly stateDir: string;
}

/** Where the set lies that readers see. */
export interface PublishedPlace {
  /** Its files are below this. Behind a link it is one generation, whatever is published meanwhile. */
  readonly root: string;
  /** Its manifest is in here. */
  readonly directory: string;
  /** Nothing else is below the root. */
  readonly isItsOwn: boolean;
}

/** Undefined where nothing is published yet, or what is there is not Wherry's. */
export async function publishedPlace(layout: Layout): Promise<PublishedPlace | undefined> {
  const { publish, linkName, targetDir } = layout;
  if (publish === 'rename') return placeOfPlainFiles(layout);
  const shape = publish === 'link' ? linkShape(linkName) : dataShape;
  const text = await readlink(join(targetDir, shape.link)).catch(() => undefined);
  if (text === undefined || generationOfText(shape, text) === undefined) return undefined;
  const directory = join(targetDir, text);
  return { root: directory, directory, isItsOwn: true };
}

async function placeOfPlainFiles({ targetDir, stateDir }: Layout): Promise<PublishedPlace | undefined> {
  const { findWorkshop, readPointer } = await import('./rename/workshop.ts');
  const workshop = await findWorkshop({ target: targetDir, stateDir });
  const name = workshop === undefined ? undefined : await readPointer(workshop, 'current');
  if (workshop === undefined || name === undefined) return undefined;
  return { root: targetDir, directory: join(workshop, name), isItsOwn: false };
}
