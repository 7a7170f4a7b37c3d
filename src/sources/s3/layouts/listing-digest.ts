import { hash } from 'node:crypto';
import type { ListedObject } from '../store/store.ts';

/**
 * What a listing says, in 32 hexadecimal digits: equal for the same objects, in whatever order and pages they come, and
 * made without holding any of them.
 */
export class ListingDigest {
  /** Of the digests of all objects. */
  #sum = 0n;
  #count = 0;

  add({ key, etag, size, lastModified }: ListedObject): void {
    this.#sum += BigInt(`0x${hash('sha256', `${etag}\0${size}\0${lastModified.getTime()}\0${key}`)}`);
    this.#count += 1;
  }

  /** Adds what another one was given. */
  merge(other: ListingDigest): void {
    this.#sum += other.#sum;
    this.#count += other.#count;
  }

  get value(): string {
    return hash('sha256', `${this.#count} ${this.#sum.toString(16)}`).slice(0, 32);
  }
}
