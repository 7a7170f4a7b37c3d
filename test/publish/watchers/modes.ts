import { join } from 'node:path';
import type { Publisher, PublisherOptions } from '../../../src/publish/publisher.ts';
import { RenamePublisher } from '../../../src/publish/rename/rename-publisher.ts';
import { linkShape } from '../../../src/publish/shape.ts';
import { SymlinkPublisher } from '../../../src/publish/symlink-publisher.ts';
import type { NamedPlace } from '../../support/watchers/kinds.ts';

/** `WHERRY_PUBLISH`. */
export const modes = ['symlink', 'rename', 'link'] as const;

export type Mode = (typeof modes)[number];

const linkName = 'current';

/** Beside the target where a reader goes through all of its directories, which are plain ones in that mode. */
export function stateDirOf(mode: Mode, target: string): string {
  return mode === 'rename' ? `${target}-state` : join(target, '..wherry');
}

/** As the commands make it from the settings. */
export function publisherOf(mode: Mode, target: string, retain: number): Publisher {
  const options: PublisherOptions = {
    target,
    stateDir: stateDirOf(mode, target),
    retain,
    fileMode: 0o644,
    dirMode: 0o755,
    fsync: false,
    maxBytes: 1024 ** 3,
  };
  switch (mode) {
    case 'symlink':
      return new SymlinkPublisher(options);
    case 'rename':
      return new RenamePublisher({ ...options, adopt: false });
    case 'link':
      return new SymlinkPublisher(options, linkShape(linkName));
  }
}

/** The directory in which readers find the set. */
export function rootOf(mode: Mode, target: string): string {
  return mode === 'link' ? join(target, linkName) : target;
}

/** What a reader resolves who needs one whole set. */
export function linkOf(mode: Mode): string | undefined {
  switch (mode) {
    case 'symlink':
      return '..data';
    case 'rename':
      return undefined;
    case 'link':
      return linkName;
  }
}

/** What is watched: a file of the set by everything, one deeper down and the directory above a link by some. */
export function placesIn(mode: Mode, target: string): readonly NamedPlace[] {
  const root = rootOf(mode, target);
  const file = join(root, 'app.json');
  const deeper = join(root, 'conf.d');
  const all: NamedPlace[] = [
    { suffix: '', target, directory: root, file },
    {
      suffix: ', in a sub-directory',
      target,
      directory: deeper,
      file: join(deeper, 'nested.json'),
      watchers: [
        'chokidar on the file',
        '`fs.watch` on the directory',
        'inotify on the directory',
        'viper (Go)',
      ],
    },
  ];
  const watchers = ['`fs.watch` on the directory', 'inotify on the directory'];
  if (root !== target) all.push({ suffix: ' above the link', target, directory: target, file, watchers });
  return all;
}
