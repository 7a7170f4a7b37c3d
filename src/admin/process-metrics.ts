import { readdirSync, readFileSync } from 'node:fs';
import type { Exposition } from './exposition.ts';

/** The usual `process_*`; what this system does not tell is left out. */
export function writeProcessMetrics(exposition: Exposition): void {
  const { user, system } = process.cpuUsage();
  exposition.counter('process_cpu_seconds', 'User and system CPU time spent, in seconds.', [
    { value: (user + system) / 1e6 },
  ]);
  gauge(exposition, 'process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss());
  gauge(exposition, 'process_virtual_memory_bytes', 'Virtual memory.', virtualBytes());
  gauge(exposition, 'process_open_fds', 'Open file descriptors.', openDescriptors());
  gauge(exposition, 'process_max_fds', 'File descriptors that may be open.', descriptorLimit());
  const help = 'When the process started, in seconds since 1970.';
  gauge(exposition, 'process_start_time_seconds', help, startedAt);
}

/** Does not move with the clock while the process runs. */
const startedAt = Math.round(Date.now() - process.uptime() * 1000) / 1000;

function gauge(exposition: Exposition, name: string, help: string, value: number | undefined): void {
  exposition.gauge(name, help, value === undefined ? [] : [{ value }]);
}

function virtualBytes(): number | undefined {
  const size = /^VmSize:\s*(\d+) kB$/m.exec(read('/proc/self/status'))?.[1];
  return size === undefined ? undefined : Number(size) * 1024;
}

function descriptorLimit(): number | undefined {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(read('/proc/self/limits'))?.[1];
  if (limit === undefined) return undefined;
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

function openDescriptors(): number | undefined {
  try {
    // One of them is this look's own.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
