/** From the items that a stream brings (events, lines) to the parts of an answer. */
import type { StreamPart } from './completion.ts';

/**
 * The parts of each piece that the network delivers, as `read` adds them. What a piece brings before a failure is handed on first: how far an
 * answer got must not hang on where the network cut it.
 */
export async function* readPieces<Item>(
  pieces: AsyncIterable<readonly Item[]>,
  read: (item: Item, parts: StreamPart[]) => void,
): AsyncGenerator<readonly StreamPart[]> {
  for await (const items of pieces) {
    const parts: StreamPart[] = [];
    try {
      for (const item of items) read(item, parts);
    } catch (error) {
      if (parts.length > 0) yield parts;
      throw error;
    }
    yield parts;
  }
}
