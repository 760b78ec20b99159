/** Keeps content for as long as somebody is told to: several may, each with rules of its own. */
import type { EventBus } from '../../core/events.ts';
import type { RequestContent } from '../sidebar/api.ts';
import { Contents } from './contents.ts';
import { Redaction, type RedactionSettings } from './redaction.ts';

export interface CaptureRules extends RedactionSettings {
  /** Of so many requests, the last ones. */
  readonly count: number;
}

export class Capture {
  readonly #bus: EventBus;
  readonly #keepers = new Map<symbol, CaptureRules>();
  /** What is kept, and by which rules. */
  #kept: { readonly rules: string; readonly contents: Contents } | undefined;

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  /** What is kept already stays where it was kept by the same rules: a deploy brings the same keeper back. Returns the function that ends it. */
  keep(rules: CaptureRules): () => void {
    const keeper = Symbol('keeper');
    this.#keepers.set(keeper, rules);
    this.#keepByAll();
    return () => {
      this.#keepers.delete(keeper);
      if (this.#keepers.size > 0) this.#keepByAll();
      else this.#kept?.contents.pause();
    };
  }

  /** Nobody who came has asked for content, or nobody will come: what was kept goes, where nobody keeps it. */
  clear(): void {
    if (this.#keepers.size > 0) return;
    this.#kept?.contents.pause();
    this.#kept = undefined;
  }

  of(id: string): RequestContent | undefined {
    return this.#keepers.size > 0 ? this.#kept?.contents.of(id) : undefined;
  }

  replayOf(id: string): { payload: unknown; llm: unknown } | undefined {
    return this.#keepers.size > 0 ? this.#kept?.contents.replayOf(id) : undefined;
  }

  /** All that anybody wants to be taken out is. */
  #keepByAll(): void {
    const all = [...this.#keepers.values()];
    const redaction: RedactionSettings = {
      keys: all.some(({ keys }) => keys),
      emails: all.some(({ emails }) => emails),
      cards: all.some(({ cards }) => cards),
      patterns: [...new Set(all.flatMap(({ patterns }) => patterns))],
    };
    const count = Math.max(...all.map((rules) => rules.count));
    const rules = JSON.stringify({ ...redaction, count });
    if (this.#kept?.rules !== rules) {
      this.#kept?.contents.pause();
      this.#kept = { rules, contents: new Contents(this.#bus, new Redaction(redaction), count) };
    }
    this.#kept.contents.resume();
  }
}
