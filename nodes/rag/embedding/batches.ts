/** Texts in portions that an embedding server takes at once. */
import { estimateTokenCount } from 'tokenx';

export interface BatchBounds {
  readonly batchSize: number;
  readonly maxBatchTokens: number;
}

/** In their order, each within both bounds; a text that is larger than a batch by itself is one of its own. */
export function batchesOf(texts: readonly string[], { batchSize, maxBatchTokens }: BatchBounds): string[][] {
  const batches: string[][] = [];
  let tokens = 0;
  for (const text of texts) {
    const cost = estimateTokenCount(text);
    const batch = batches.at(-1);
    if (batch && batch.length < batchSize && tokens + cost <= maxBatchTokens) {
      batch.push(text);
      tokens += cost;
    } else {
      batches.push([text]);
      tokens = cost;
    }
  }
  return batches;
}
