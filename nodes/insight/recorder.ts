/** What the sidebar shows: recorded for as long as a monitor keeps it, or somebody looks. Content is kept only where a monitor says so. */
import { bus, type EventBus } from '../core/events.ts';
import { type LlmNode, llmNodes } from '../runtime/llm-nodes.ts';
import { Capture, type CaptureRules } from './capture/capture.ts';
import { Live } from './live/live.ts';
import type { LiveFacts, RequestList, RequestTrace } from './sidebar/api.ts';
import { Traces } from './traces/traces.ts';

/** A look lasts so long. */
const lookMs = 30_000;

/** What is recorded while something is. */
interface Recording {
  readonly live: Live;
  readonly traces: Traces;
}

export interface Replay {
  /** The id of the node where the request began. */
  readonly entry: string;
  readonly payload: unknown;
  /** As in `msg.llm`. */
  readonly llm: unknown;
}

export class Recorder {
  readonly #bus: EventBus;
  readonly #nodes: () => readonly LlmNode[];
  readonly #capture: Capture;
  readonly #keepers = new Set<symbol>();
  #recording: Recording | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(bus: EventBus, nodes: () => readonly LlmNode[]) {
    this.#bus = bus;
    this.#capture = new Capture(bus);
    this.#nodes = nodes;
  }

  /** Records until the function that it returns is called; with rules, also what requests ask and are answered. */
  keep(rules?: CaptureRules): () => void {
    const keeper = Symbol('keeper');
    this.#keepers.add(keeper);
    this.#start();
    const release = rules && this.#capture.keep(rules);
    return () => {
      this.#keepers.delete(keeper);
      release?.();
      this.#endIfIdle();
    };
  }

  /** Records for a while. */
  look(): void {
    this.#start();
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => {
      this.#looking = undefined;
      this.#endIfIdle();
    }, lookMs).unref();
  }

  live(): LiveFacts {
    return { ...this.#looked().live.facts(), isKept: this.#keepers.size > 0 };
  }

  /** With what has changed since the list whose `last` is given; 0 for all. */
  requests(after: number): RequestList {
    return this.#looked().traces.list(after);
  }

  async trace(id: string): Promise<RequestTrace | undefined> {
    const trace = this.#looked().traces.trace(id);
    const content = await this.#capture.of(id);
    return trace && { ...trace, ...(content && { content }) };
  }

  /** What to send again; undefined where it was not kept, or not whole. */
  async replayOf(id: string): Promise<Replay | undefined> {
    const entry = this.#looked().traces.entryOf(id);
    const content = await this.#capture.replayOf(id);
    return entry && content && { entry: entry.id, ...content };
  }

  #looked(): Recording {
    this.look();
    return this.#start();
  }

  #start(): Recording {
    return (this.#recording ??= { live: new Live(this.#bus, this.#nodes), traces: new Traces(this.#bus, (id, isKept) => this.#capture.finish(id, isKept)) });
  }

  #endIfIdle(): void {
    if (this.#keepers.size > 0 || this.#looking) return;
    this.#recording?.live.close();
    this.#recording?.traces.close();
    this.#recording = undefined;
  }
}

/** The one of the process. */
export const recorder = new Recorder(bus, llmNodes);
