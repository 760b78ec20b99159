/** The last lines of a process's log, without the secrets that it was given. */
import { stripVTControlCharacters } from 'node:util';

export interface LogOptions {
  /** What must not be read there, such as the values of its environment. */
  readonly secrets: readonly string[];
  readonly maxLines?: number;
  /** Characters of a line; the rest of a longer one is dropped. */
  readonly maxLength?: number;
}

/** Shorter values are no secrets, but words of every log: a 0, a name. */
const shortestSecret = 4;

export class LogLines {
  readonly #secrets: readonly string[];
  readonly #maxLines: number;
  readonly #maxLength: number;
  readonly #maxPending: number;
  #lines: string[] = [];
  #pending = '';

  constructor({ secrets, maxLines = 200, maxLength = 500 }: LogOptions) {
    // The longest first: one may be a part of another.
    this.#secrets = secrets.filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length);
    this.#maxLines = maxLines;
    this.#maxLength = maxLength;
    // A secret at the cut is only known by its end.
    this.#maxPending = maxLength + (this.#secrets[0]?.length ?? 0);
  }

  /** The whole lines, the oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The line that has not ended yet; it may hold a secret that cannot be told from it yet. */
  get pending(): string {
    return this.#pending;
  }

  /** Takes a piece of the output; a line may come in many. */
  write(text: string): void {
    for (const [index, piece] of text.split('\n').entries()) {
      if (index > 0) this.flush();
      this.#append(piece);
    }
  }

  /** The line ends here. */
  flush(): void {
    const line = this.#clean(this.#pending);
    this.#pending = '';
    if (line !== '') this.#lines = [...this.#lines.slice(1 - this.#maxLines), line];
  }

  /** A carriage return starts the line over: so progress bars are drawn. */
  #append(piece: string): void {
    const whole = this.#pending + piece;
    this.#pending = whole.slice(whole.lastIndexOf('\r', whole.length - 2) + 1).slice(0, this.#maxPending);
  }

  #clean(line: string): string {
    const shown = this.#secrets.reduce((text, secret) => text.replaceAll(secret, '•••'), stripVTControlCharacters(line));
    return shown.trimEnd().slice(0, this.#maxLength);
  }
}
