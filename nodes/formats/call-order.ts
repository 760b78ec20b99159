/** Some servers mix the pieces of several tool calls. Clients take one call after the other. */
import type { StreamPart } from '../core/completion.ts';

interface OpenCall {
  readonly index: number;
  json: string;
  isWhole: boolean;
}

export class CallOrder {
  /** The call that is open: its number, and its arguments so far. */
  #open: OpenCall | undefined;
  /** What came while it was not whole yet. */
  #held: StreamPart[] = [];

  /** The parts in an order in which each call is whole before the next thing begins. */
  take(parts: readonly StreamPart[]): readonly StreamPart[] {
    // Most pieces are text alone.
    if (!this.#open && !parts.some(({ type }) => type === 'toolCall')) return parts;
    const ordered: StreamPart[] = [];
    for (const part of parts) this.#take(part, ordered);
    return ordered;
  }

  /** What is still held at the end of an answer. */
  flush(): readonly StreamPart[] {
    const ordered: StreamPart[] = [];
    while (this.#held.length > 0) {
      const held = this.#held;
      this.#held = [];
      this.#open = undefined;
      for (const part of held) this.#take(part, ordered);
    }
    this.#open = undefined;
    return ordered;
  }

  #take(part: StreamPart, ordered: StreamPart[]): void {
    if (part.type === 'toolCall' && part.index === this.#open?.index) {
      this.#open.json += part.arguments ?? '';
      this.#open.isWhole = false;
      ordered.push(part);
    } else if (this.#open && !this.#isWhole(this.#open)) {
      this.#held.push(part);
      return;
    } else {
      this.#open = part.type === 'toolCall' ? { index: part.index, json: part.arguments ?? '', isWhole: false } : undefined;
      ordered.push(part);
    }
    if (this.#held.length > 0 && (!this.#open || this.#isWhole(this.#open))) {
      const held = this.#held;
      this.#held = [];
      for (const next of held) this.#take(next, ordered);
    }
  }

  /** Looked at only where something waits for it, and not twice for the same text. */
  #isWhole(open: OpenCall): boolean {
    return open.isWhole || (open.isWhole = isJson(open.json));
  }
}

function isJson(text: string): boolean {
  // An object that is whole ends so: what does not need not be parsed.
  if (!/[}\]"\w]\s{0,100}$/.test(text.slice(-120))) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
