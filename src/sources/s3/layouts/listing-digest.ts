import { hash } from 'node:crypto';
import type { ListedObject } from '../store/store.ts';

const words = 8;

/**
 * What a listing says, in 32 hexadecimal digits: equal for the same objects, in whatever order and pages they come, and
 * made without holding any of them.
 */
export class ListingDigest {
  readonly #sum = new Uint32Array(words);
  #count = 0;

  add({ key, etag, size, lastModified }: ListedObject): void {
    const digest = hash('sha256', `${etag}\0${size}\0${lastModified.getTime()}\0${key}`, 'buffer');
    for (let word = 0; word < words; word += 1) {
      this.#sum[word] = (this.#sum[word] ?? 0) + digest.readUInt32LE(4 * word);
    }
    this.#count += 1;
  }

  get value(): string {
    return hash('sha256', `${this.#count} ${this.#sum.join(' ')}`).slice(0, 32);
  }
}
