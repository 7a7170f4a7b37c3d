import type { S3Place } from '../s3/store.ts';

/** What a place holds at first, and how often it changes. */
export interface Holding {
  readonly files: number;
  /** Bytes of each file; undefined = about 1 KiB. */
  readonly size?: number;
  /** So many changes of one file can be made. */
  readonly changes?: number;
}

/** A source, as each program names it, and what is asked of it. */
export interface Place extends AsyncDisposable {
  readonly name: string;
  /** Wherry's settings. */
  readonly settings: Readonly<Record<string, string>>;
  /** As git is told of it, where git can read it. */
  readonly git?: GitRemote;
  /** As the AWS CLI is told of it, where that can read it. */
  readonly s3?: S3Address;
  /** Requests so far; undefined where nothing is asked over a network. */
  readonly requests: (() => Promise<number>) | undefined;
  /** Makes the n-th change, from 1 on: one file becomes another. */
  change(n: number): Promise<void>;
}

export interface GitRemote {
  readonly url: string;
  /** The path of the authority's certificate, over HTTPS. */
  readonly certificate?: string;
}

export interface S3Address extends S3Place {
  /** One object, or the prefix of many. */
  readonly key: string;
  readonly holds: 'object' | 'prefix';
}
