import * as kinds from '../kinds.ts';
import { inSection } from '../setting.ts';

const directory = inSection('directory');

export const directorySettings = {
  dirPath: directory(kinds.text, {
    defaultNote: 'required',
    meaning:
      'a local directory: a mounted ConfigMap, Secret, projected, CSI or host volume, or a plain directory; watched, and polled as a safety net',
  }),
} as const;
