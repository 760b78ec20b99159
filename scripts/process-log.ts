/** What a child process has written so far, and a way to wait for more. */
import type { ChildProcess } from 'node:child_process';

export class ProcessLog {
  text = '';
  readonly #listeners = new Set<() => void>();
  #ended = false;

  constructor(child: ChildProcess, echo = false) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        if (echo) process.stdout.write(text);
        this.text += text;
        this.#tell();
      });
    }
    child.once('close', () => {
      this.#ended = true;
      this.#tell();
    });
  }

  /** Resolves with the first match, in the text from the position `from` on or in what is still to come. */
  waitFor(pattern: RegExp, { from = 0, ms = 30_000 } = {}): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        action();
      };
      const fail = (why: string) => settle(() => reject(new Error(`${why}\n${this.text.slice(from)}`)));
      const look = () => {
        const match = pattern.exec(this.text.slice(from));
        if (match) settle(() => resolve(match));
        else if (this.#ended) fail(`The process ended before it wrote ${pattern}:`);
      };
      const timer = setTimeout(() => fail(`${pattern} did not appear within ${ms} ms:`), ms);
      this.#listeners.add(look);
      look();
    });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
