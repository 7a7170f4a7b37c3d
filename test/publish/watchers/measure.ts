import { join } from 'node:path';
import { ensureDirectory } from '../../../src/platform/directory.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { WatcherHost } from '../../support/watchers/host.ts';
import type { Told } from '../../support/watchers/kinds.ts';
import { PrometheusDiscovery } from '../../support/watchers/prometheus-discovery.ts';
import { ToldNginx } from '../../support/watchers/told-nginx.ts';
import { readVersion, type Seen } from '../../support/watchers/versions.ts';
import { type Mode, placesIn, rootOf } from './modes.ts';
import { continued, type Happening, happenings } from './scenario.ts';
import { World } from './world.ts';

export interface Cell {
  readonly told: readonly Told[];
  /** What the file was before, and is after. */
  readonly before: Seen;
  readonly after: Seen;
}

/** By watcher, by what happened; a watcher that could not start then has no cell. */
export type Measured = ReadonlyMap<string, ReadonlyMap<Happening, Cell>>;

export const prometheusName = 'Prometheus, `file_sd_configs` (real)';
export const nginxName = 'nginx, by Wherry’s SIGHUP (real)';

/** Lets everything happen in one mode. */
export async function measure(mode: Mode): Promise<Measured> {
  const target = join(await temporaryDirectory(), 'target');
  await ensureDirectory(target, 0o755);
  const places = placesIn(mode, target);
  const file = places[0]?.file ?? '';
  await using nginx = await ToldNginx.start(rootOf(mode, target));
  await using host = await WatcherHost.start();
  await using world = new World(mode, target, [nginx.target]);
  await using applications = new AsyncDisposableStack();
  let prometheus: PrometheusDiscovery | undefined;
  const measured = new Map<string, Map<Happening, Cell>>();

  for (const happening of happenings) {
    await world.prepare(happening);
    nginx.gather();
    if (!continued.includes(happening)) await host.watch(places);
    // It gives up a directory that is not there when it starts.
    const canStart = rootOf(mode, target) === target || happening !== 'first publish';
    if (canStart) prometheus ??= applications.use(await PrometheusDiscovery.start(file));
    await prometheus?.gather();

    const note = (watcher: string, cell: Cell) => {
      const row = measured.get(watcher) ?? new Map<Happening, Cell>();
      measured.set(watcher, row.set(happening, cell));
    };
    const before = readVersion(file);
    const inFiles = nginx.inFiles();
    await world.happen(happening);
    const after = readVersion(file);
    for (const [watcher, told] of Object.entries(await host.gather())) note(watcher, { told, before, after });
    note(nginxName, { told: nginx.gather(), before: inFiles, after: nginx.inFiles() });
    if (prometheus === undefined) continue;
    const scans = await prometheus.gather();
    const isLast = happening === 'changes again' && scans.length > 0;
    note(prometheusName, { told: isLast ? [...scans, await prometheus.loaded()] : scans, before, after });
  }
  return measured;
}
