/** What a failure's hint needs to know of the place that a request went to. */
export interface Provider {
  /** Stands in completions, events and failures: `openai`, `anthropic`, `llamacpp`, `vllm`, `echo`. */
  readonly id: string;
  /** What people call it. */
  readonly label: string;
  /** The address, without a key. */
  readonly url: string;
  /** The environment variable that may hold the key. */
  readonly keyVariable?: string;
  /** What to do when nothing listens, as one sentence. */
  readonly startHint?: string;
  /** Whether a text repeats the key: such a text is never shown. */
  readonly holdsKey?: (text: string) => boolean;
}
