/** Vectors of texts, for a store and for searching it. */
import { mapConcurrently } from '../../core/concurrency.ts';
import { LlmError } from '../../core/errors.ts';
import { batchesOf } from './batches.ts';
import { type EmbeddingSettings, readEmbeddingSettings } from './settings.ts';

/** One vector for each text, in their order. It makes its own retries; the signal's reason is the LlmError to fail with. */
export type Embed = (texts: string[], signal: AbortSignal) => Promise<number[][]>;

export interface EmbedderOptions extends Partial<EmbeddingSettings> {
  /** Its name. */
  readonly model: string;
  readonly embed: Embed;
}

export class Embedder {
  /** The name by which a store knows its vectors: those made with another prefix are not comparable, so it is a part of it. */
  readonly model: string;
  readonly #embed: Embed;
  readonly #settings: EmbeddingSettings;
  /** Of every vector; known from the first one on. */
  #dimensions: number | undefined;

  constructor({ model, embed, ...settings }: EmbedderOptions) {
    this.#embed = embed;
    this.#settings = readEmbeddingSettings({ ...settings });
    const { passagePrefix } = this.#settings;
    this.model = passagePrefix === '' ? model : `${model}, after ${JSON.stringify(passagePrefix)}`;
  }

  /**
   * A vector of unit length for each text, in their order. The texts go in batches, a few at once; the first failure ends the rest.
   * @throws LlmError what `embed` throws; `server` for anything else than one vector for each text, all of one length
   */
  async passages(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const { passagePrefix, concurrency } = this.#settings;
    const batches = batchesOf(texts.map((text) => passagePrefix + text), this.#settings);
    const vectors = await mapConcurrently(batches, { limit: concurrency, signal }, (batch, either) => this.#vectorsOf(batch, either));
    return vectors.flat();
  }

  /** @throws LlmError as {@link passages} */
  async question(text: string, signal: AbortSignal): Promise<Float32Array> {
    signal.throwIfAborted();
    const [vector] = await this.#vectorsOf([this.#settings.questionPrefix + text], signal);
    return vector as Float32Array;
  }

  async #vectorsOf(texts: string[], signal: AbortSignal): Promise<Float32Array[]> {
    const vectors = await this.#embed(texts, signal);
    if (vectors.length !== texts.length) throw notVectors('another number of vectors than texts were sent');
    return vectors.map((vector) => this.#normalize(vector));
  }

  /** At unit length the dot product is the cosine. */
  #normalize(vector: readonly number[]): Float32Array {
    this.#dimensions ??= vector.length;
    if (vector.length !== this.#dimensions) throw notVectors(`vectors of ${this.#dimensions} and of ${vector.length} numbers`);
    const length = Math.hypot(...vector);
    if (!(length > 0 && length < Infinity)) throw notVectors('a vector that points nowhere');
    return Float32Array.from(vector, (value) => value / length);
  }
}

function notVectors(what: string): LlmError {
  return new LlmError('server', `The embedding model gave ${what}.`, { hint: 'Check that the model is one for embeddings, and that one model alone has this name.' });
}
