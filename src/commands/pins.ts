import { isGitRef } from '../settings/git-ref.ts';
import type { Layer } from '../settings/layers/schema.ts';
import { parseTime } from '../settings/s3-kinds.ts';
import type { Settings } from '../settings/schema.ts';
import { splitRevisions } from '../snapshot/layer-revisions.ts';

type SourceSettings = Pick<
  Settings,
  'source' | 's3Object' | 's3Archive' | 's3Pointer' | 's3Prefix' | 's3Marker'
>;

/** Why no state of the source can be called so, before anybody is asked; undefined when one may be. */
export function pinFault(
  settings: SourceSettings & Pick<Settings, 'layerList'>,
  revision: string,
): string | undefined {
  const { layerList } = settings;
  return layerList === undefined ? sourcePinFault(settings, revision) : layerPinFault(layerList, revision);
}

/** The same of several layers, of which those that are not named go on as they are. */
export function layerPinFault(layers: readonly Layer[], text: string): string | undefined {
  const revisions = splitRevisions(text);
  const names = layers.map(({ name }) => name);
  if (revisions === undefined) {
    return `${shownOf(text)} names no layer; write ${names.map((name) => `${name}=…`).join(', ')}, or some of them, with commas between them`;
  }
  for (const [name, revision] of revisions) {
    const layer = layers.find((one) => one.name === name);
    if (layer === undefined) return `there is no layer "${name}"; WHERRY_LAYERS has ${names.join(', ')}`;
    const fault = sourcePinFault(layer.settings, revision);
    if (fault !== undefined) return `layer "${name}": ${fault}`;
  }
  return undefined;
}

function shownOf(revision: string): string {
  return JSON.stringify(revision.length > 80 ? `${revision.slice(0, 80)}…` : revision);
}

function sourcePinFault(settings: SourceSettings, revision: string): string | undefined {
  const shown = shownOf(revision);
  const forms = formsOf(settings);
  if (forms === undefined) {
    return isGitRef(revision) ? undefined : `${shown} is not a branch, tag, refs/… or commit`;
  }
  const form = forms.find((start) => revision.startsWith(start) && revision !== start);
  if (form === undefined) {
    const names = forms.map((start) => `${start}…`).join(', ');
    return `${shown} is no state of this source, which the status calls ${names}`;
  }
  const isTime = form !== 'as-of:' || parseTime(revision.slice(form.length)) !== undefined;
  return isTime ? undefined : `${shown} has no time such as 2026-11-22T23:59:59Z`;
}

/** How the states of a source are called; undefined = as Git calls them. */
function formsOf({ source, ...s3 }: SourceSettings): readonly string[] | undefined {
  if (source === 'dir') return ['listing:'];
  if (source !== 's3') return undefined;
  if (s3.s3Pointer !== undefined) return ['release:', 'version:', 'etag:'];
  if (s3.s3Prefix === undefined) return ['version:', 'etag:'];
  return s3.s3Marker === undefined ? ['listing:', 'as-of:'] : ['version:', 'etag:', 'as-of:'];
}
