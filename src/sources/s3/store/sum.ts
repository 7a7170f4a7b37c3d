/** What is computed over a body. */
export interface Sum {
  update(chunk: Uint8Array): void;
  /** As the store writes it. */
  text(): string;
}
