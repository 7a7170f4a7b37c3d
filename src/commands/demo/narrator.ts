import { styleText } from 'node:util';

export type Tone = 'good' | 'bad' | 'plain';

const colors = { good: 'green', bad: 'red', plain: 'cyan' } as const;

/** Writes the story: titles, explanations, and what happens with its milliseconds. */
export class Narrator {
  readonly #out: NodeJS.WritableStream;
  readonly #color: boolean;

  constructor(out: NodeJS.WritableStream, color: boolean) {
    this.#out = out;
    this.#color = color;
  }

  title(text: string): void {
    this.line(`\n${this.#paint('bold', text)}`);
  }

  /** A paragraph, line by line. */
  explain(...lines: readonly string[]): void {
    for (const line of lines) this.line(`  ${this.#paint('dim', line)}`);
  }

  /** A name and its value, in two columns. */
  fact(name: string, value: string): void {
    this.line(`  ${name.padEnd(15)} ${value}`);
  }

  /** Something that happened, so many milliseconds after what it follows from. */
  event(milliseconds: number | undefined, tone: Tone, what: string, detail: string): void {
    const time = milliseconds === undefined ? '' : `+${Math.round(milliseconds)} ms`;
    this.line(`  ${time.padStart(9)}  ${this.#paint(colors[tone], what.padEnd(11))} ${detail}`);
  }

  line(text: string): void {
    this.#out.write(`${text}\n`);
  }

  #paint(style: 'bold' | 'dim' | (typeof colors)[Tone], text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }
}
