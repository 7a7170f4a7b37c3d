import { generationsDirectory } from '../snapshot/path-rules.ts';
import { generationName, placeOfGeneration, plainGenerationName } from './generation.ts';

/** Where generations lie, and what leads to the current one. Paths are relative to the target. */
export interface Shape {
  /** The directory that holds the generations; '' is the target itself. */
  readonly place: string;
  /** The link to the current generation. */
  readonly link: string;
  /** What becomes the link. */
  readonly temporary: string;
  /** Each top-level name of the set is a link of its own, through `link`. */
  readonly hasNames: boolean;
  newName(now: Date): string;
}

/** What readers of a ConfigMap volume follow; its rename is what watchers of such volumes look for. */
export const dataLink = '..data';

/** Visible links are made under this name too, before they take the place of something. */
export const dataTemporary = '..data_tmp';

/** As the kubelet does for ConfigMap volumes. */
export const dataShape: Shape = {
  place: '',
  link: dataLink,
  temporary: dataTemporary,
  hasNames: true,
  newName: generationName,
};

/** As git-sync does: one link of the user's choice to the whole set. */
export function linkShape(linkName: string): Shape {
  return {
    place: generationsDirectory,
    link: linkName,
    // No name of the user's can be this one.
    temporary: `${generationsDirectory}/next`,
    hasNames: false,
    newName: plainGenerationName,
  };
}

/** The generation that the text of a shape's link names; undefined when no such shape writes it. */
export function generationOfText({ place }: Pick<Shape, 'place'>, text: string): string | undefined {
  const name = place === '' ? text : text.slice(place.length + 1);
  return placeOfGeneration(name) === text ? name : undefined;
}
