/** Keeps content for as long as somebody is told to: several may, each with rules of its own. */
import type { EventBus } from '../../core/events.ts';
import type { RequestContent } from '../sidebar/api.ts';
import { Contents } from './contents.ts';
import { Redaction, type RedactionSettings } from './redaction.ts';

export interface CaptureRules extends RedactionSettings {
  /** Of so many requests, the last ones. */
  readonly count: number;
  /** Told of expressions that took too long. */
  readonly onTrouble?: (complaint: string) => void;
}

/** What is kept, and by which rules. */
interface Kept {
  readonly rules: string;
  readonly contents: Contents;
}

export class Capture {
  readonly #bus: EventBus;
  readonly #keepers = new Map<symbol, CaptureRules>();
  #kept: Kept | undefined;

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  /** Returns the function that ends it. What was kept by the same rules stays: a deploy brings the same keeper back before it takes this one away. */
  keep(rules: CaptureRules): () => void {
    const keeper = Symbol('keeper');
    this.#keepers.set(keeper, rules);
    this.#keepByAll();
    return () => {
      this.#keepers.delete(keeper);
      this.#keepByAll();
    };
  }

  /** The request is over: what there is of it is kept, where anybody keeps content, or not at all. */
  finish(id: string, isKept: boolean): void {
    this.#kept?.contents.finish(id, isKept);
  }

  async of(id: string): Promise<RequestContent | undefined> {
    return this.#kept?.contents.of(id);
  }

  async replayOf(id: string): Promise<{ payload: unknown; llm: unknown } | undefined> {
    return this.#kept?.contents.replayOf(id);
  }

  /** All that anybody wants to be taken out is. */
  #keepByAll(): void {
    const all = [...this.#keepers.values()];
    if (all.length === 0) return this.#replace(undefined);
    const redaction: RedactionSettings = {
      keys: all.some(({ keys }) => keys),
      emails: all.some(({ emails }) => emails),
      cards: all.some(({ cards }) => cards),
      patterns: [...new Set(all.flatMap(({ patterns }) => patterns))],
    };
    const count = Math.max(...all.map((rules) => rules.count));
    const rules = JSON.stringify({ ...redaction, count });
    if (this.#kept?.rules !== rules) this.#replace({ rules, contents: new Contents(this.#bus, new Redaction(redaction, (complaint) => this.#complain(complaint)), count) });
  }

  #complain(complaint: string): void {
    for (const { onTrouble } of this.#keepers.values()) onTrouble?.(complaint);
  }

  #replace(kept: Kept | undefined): void {
    this.#kept?.contents.close();
    this.#kept = kept;
  }
}
