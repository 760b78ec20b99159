/** What the table needs to know of a kind of server. */
import type { Row } from './row.ts';
import type { RealServer } from './server.ts';
import type { Subject } from './subject.ts';

/** A server that has been started and may not be ready yet. */
export interface Starting {
  /** Rejects where it ends before. */
  readonly ready: Promise<RealServer>;
  readonly kill: () => Promise<void>;
}

export interface Plan {
  readonly name: RealServer['name'];
  /** The name that it knows its model by; empty where it takes any. */
  readonly model: string;
  /** What is not installed, in plain words; undefined where all is there. */
  readonly problem: string | undefined;
  readonly subjects: readonly Subject[];
  readonly ownRows: readonly Row[];
  /** The node whose status is watched, and its config node. */
  readonly nodeType: 'llm-llamacpp' | 'llm-vllm';
  readonly start: (port: number) => Promise<Starting>;
  /** As `start`, but so that loading takes a while; absent where it always does. */
  readonly startSlowly?: (port: number) => Promise<Starting>;
  /** Why it is not started again for a row, in plain words. */
  readonly cannotRestart?: string;
}
