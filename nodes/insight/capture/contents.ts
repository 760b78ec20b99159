/** What the last requests asked and were answered, in memory alone, where somebody was told to keep it. */
import type { EventBus } from '../../core/events.ts';
import type { RequestContent } from '../sidebar/api.ts';
import { type Copied, copyJson, copyText } from './content-copy.ts';
import type { Redaction } from './redaction.ts';
import { snapshot } from './snapshot.ts';

/** Of a request that is under way, as it came. */
interface Asked {
  readonly payload: unknown;
  readonly llm: unknown;
  answer?: string;
}

interface Content {
  readonly prompt: Copied;
  /** Whether the prompt is the payload as it was, and not its JSON. */
  readonly isText: boolean;
  readonly settings: Copied;
  readonly answer: Copied | undefined;
}

/** Beyond so many that are under way the oldest are let go. */
const maxAsked = 500;

export class Contents {
  readonly #redaction: Redaction;
  readonly #count: number;
  /** By the ids of requests where they began. While they are under way their messages are in memory anyway; nobody needs redaction for what is not kept. */
  readonly #asked = new Map<string, Asked>();
  readonly #kept = new Map<string, Promise<Content>>();
  readonly #unsubscribe: ReadonlyArray<() => void>;

  /** Of so many requests, the last ones. */
  constructor(bus: EventBus, redaction: Redaction, count: number) {
    this.#redaction = redaction;
    this.#count = count;
    this.#unsubscribe = [
      bus.on('asked', ({ id, payload, llm }) => {
        this.#asked.set(id, { payload: snapshot(payload), llm: snapshot(llm) });
        trim(this.#asked, maxAsked);
      }),
      bus.on('answered', ({ id, text }) => {
        const asked = this.#asked.get(id);
        if (asked) asked.answer = text;
      }),
    ];
  }

  get size(): number {
    return this.#asked.size + this.#kept.size;
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** The request is over: what there is of it is kept, redacted, or not at all. */
  finish(id: string, isKept: boolean): void {
    const content = isKept ? this.#find(id) : undefined;
    this.#asked.delete(id);
    if (!content) return;
    this.#kept.set(id, content);
    trim(this.#kept, this.#count);
  }

  async of(id: string): Promise<RequestContent | undefined> {
    const content = await this.#find(id);
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
  take(id: string): Promise<RequestContent | undefined> {
    const content = this.of(id);
    this.#asked.delete(id);
    this.#kept.delete(id);
    return content;
  }

  /** The payload and `msg.llm` as they were kept; undefined where they were not, or not whole. */
  async replayOf(id: string): Promise<{ payload: unknown; llm: unknown } | undefined> {
    const content = await this.#find(id);
    if (!content?.prompt.isWhole || !content.settings.isWhole) return undefined;
    const { prompt, isText, settings } = content;
    return { payload: isText ? prompt.text : JSON.parse(prompt.text), llm: JSON.parse(settings.text) };
  }

  #find(id: string): Promise<Content> | undefined {
    const asked = this.#asked.get(id);
    return asked ? this.#redacted(asked) : this.#kept.get(id);
  }

  async #redacted({ payload, llm, answer }: Asked): Promise<Content> {
    const isText = typeof payload === 'string';
    return {
      prompt: await (isText ? copyText(payload, this.#redaction) : copyJson(payload, this.#redaction)),
      isText,
      settings: await copyJson(llm ?? {}, this.#redaction),
      answer: answer === undefined ? undefined : await copyText(answer, this.#redaction),
    };
  }
}

function trim(map: Map<string, unknown>, count: number): void {
  if (map.size <= count) return;
  const [oldest] = map.keys() as Iterable<string> as [string];
  map.delete(oldest);
}
