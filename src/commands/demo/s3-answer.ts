/** What the demo's S3 server sends. */
export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Thrown where a request is refused, by S3's own code for the reason. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  get answer(): S3Answer {
    return document(
      this.status,
      element('Error', element('Code', text(this.code)), element('Message', text(this.message))),
    );
  }
}

export function empty(status: number, headers: Readonly<Record<string, string>>): S3Answer {
  return { status, headers, body: new Uint8Array() };
}

export function document(status: number, root: string): S3Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${root}`);
  return { status, headers: { 'content-type': 'application/xml' }, body };
}

export function element(name: string, ...content: readonly string[]): string {
  return `<${name}>${content.join('')}</${name}>`;
}

export function text(value: string): string {
  return value.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
}
