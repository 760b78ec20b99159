/** What the last requests asked and were answered, in memory alone, where somebody was told to keep it. */
import type { EventBus } from '../../core/events.ts';
import type { RequestContent } from '../sidebar/api.ts';
import { type Copied, copyJson, copyText } from './content-copy.ts';
import type { Redaction } from './redaction.ts';

interface Content {
  readonly prompt: Copied;
  /** Whether the prompt is the payload as it was, and not its JSON. */
  readonly isText: boolean;
  readonly settings: Copied;
  answer?: Copied;
}

export class Contents {
  readonly #redaction: Redaction;
  readonly #count: number;
  /** By the ids of requests where they began. */
  readonly #contents = new Map<string, Content>();
  readonly #unsubscribe: ReadonlyArray<() => void>;

  /** Of so many requests, the last ones. */
  constructor(bus: EventBus, redaction: Redaction, count: number) {
    this.#redaction = redaction;
    this.#count = count;
    this.#unsubscribe = [
      bus.on('asked', ({ id, payload, llm }) => this.#keep(id, this.#copy(payload, llm))),
      bus.on('answered', ({ id, text }) => {
        const content = this.#contents.get(id);
        if (content) content.answer = copyText(text, this.#redaction);
      }),
    ];
  }

  get size(): number {
    return this.#contents.size;
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  of(id: string): RequestContent | undefined {
    const content = this.#contents.get(id);
    if (!content) return undefined;
    const { prompt, settings, answer } = content;
    return {
      prompt: prompt.text,
      settings: settings.text,
      ...(answer && { answer: answer.text }),
      canReplay: prompt.isWhole && settings.isWhole,
      redactions: prompt.redactions + settings.redactions + (answer?.redactions ?? 0),
    };
  }

  /** The same, which is then kept no longer. */
  take(id: string): RequestContent | undefined {
    const content = this.of(id);
    this.#contents.delete(id);
    return content;
  }

  /** The payload and `msg.llm` as they were kept; undefined where they were not, or not whole. */
  replayOf(id: string): { payload: unknown; llm: unknown } | undefined {
    const content = this.#contents.get(id);
    if (!content?.prompt.isWhole || !content.settings.isWhole) return undefined;
    const { prompt, isText, settings } = content;
    return { payload: isText ? prompt.text : JSON.parse(prompt.text), llm: JSON.parse(settings.text) };
  }

  #copy(payload: unknown, llm: unknown): Content {
    const isText = typeof payload === 'string';
    return { prompt: isText ? copyText(payload, this.#redaction) : copyJson(payload, this.#redaction), isText, settings: copyJson(llm ?? {}, this.#redaction) };
  }

  #keep(id: string, content: Content): void {
    this.#contents.set(id, content);
    if (this.#contents.size <= this.#count) return;
    const [oldest] = this.#contents.keys() as Iterable<string> as [string];
    this.#contents.delete(oldest);
  }
}
