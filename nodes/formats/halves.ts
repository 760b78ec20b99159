/** Characters of two halves (surrogate pairs) that a stream has cut apart: the first half waits for the second. */

export class Halves {
  readonly #waiting = new Map<string, string>();

  /** The text of one of several streams, with what has waited before it and without the half at its end. */
  join(stream: string, text: string): string {
    const waiting = this.#waiting.get(stream);
    if (waiting === undefined && !endsInHalf(text)) return text;
    this.#waiting.delete(stream);
    const whole = (waiting ?? '') + text;
    if (!endsInHalf(whole)) return whole;
    this.#waiting.set(stream, whole.slice(-1));
    return whole.slice(0, -1);
  }
}

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
