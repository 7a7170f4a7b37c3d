import { createHash } from 'node:crypto';
import { RefusedError } from '../../../failure/failure.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { NamedFile } from './document.ts';

/** Lets through to a sink only what a release says of each file. A stream fails at its end, when it is wrong. */
export function verifying(sink: FileSink, named: (path: string) => NamedFile, setting: string): FileSink {
  return {
    put: (file, content) => {
      const check = new Check(named(file.path), setting);
      if (!(content instanceof Uint8Array)) return sink.put(file, check.stream(content));
      check.add(content);
      check.end();
      return sink.put(file, content);
    },
  };
}

class Check {
  readonly #named: NamedFile;
  readonly #setting: string;
  readonly #hash = createHash('sha256');
  #size = 0;

  constructor(named: NamedFile, setting: string) {
    this.#named = named;
    this.#setting = setting;
  }

  async *stream(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      this.add(chunk);
      yield chunk;
    }
    this.end();
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.byteLength;
    if (this.#size > this.#named.size) throw this.#other(`more than the ${this.#named.size} bytes`);
    this.#hash.update(chunk);
  }

  end(): void {
    const { size, sha256 } = this.#named;
    if (this.#size !== size) throw this.#other(`${this.#size} bytes, not the ${size}`);
    const found = this.#hash.digest('hex');
    if (found !== sha256) throw this.#other(`the SHA-256 ${found}, not the ${sha256}`);
  }

  #other(found: string): RefusedError {
    const { path, key } = this.#named;
    return new RefusedError({
      setting: this.#setting,
      problem: `the object ${JSON.stringify(key)}, which is to be ${JSON.stringify(path)}, has ${found} that the release says`,
      cure: 'what a release names must never be written over: release the content again',
    });
  }
}
