import { returnMemory } from '../platform/memory.ts';

/** V8 keeps the pages of a thread that has ended for some seconds, in case that another one wants them. */
const kept = 20_000;

let timer: NodeJS.Timeout | undefined;

/** Gives the memory of threads that have ended back to the system, once no other one has run for a while. */
export function returnMemoryLater(): void {
  clearTimeout(timer);
  timer = setTimeout(returnMemory, kept);
  timer.unref();
}
