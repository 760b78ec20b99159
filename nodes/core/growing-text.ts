/**
 * A text that grows piece by piece. V8 keeps `a + b` as a pair until somebody reads it, and with each piece the whole text that it was cut
 * from: millions of small pieces would take many times their size. Here they become one plain text again and again.
 */
export class GrowingText {
  #whole = '';
  #tail = '';

  get length(): number {
    return this.#whole.length + this.#tail.length;
  }

  get text(): string {
    return this.#whole + this.#tail;
  }

  append(piece: string): void {
    this.#tail += piece;
    if (this.#tail.length < longestTail) return;
    this.#whole += plain(this.#tail);
    this.#tail = '';
  }
}

const longestTail = 16 * 1024;

/** The same text in memory of its own. */
function plain(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
