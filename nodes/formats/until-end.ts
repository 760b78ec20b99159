/** A stream that has an end mark is over with it, whatever the connection does. */

/** How long the rest of a connection may take after the end mark, so that it can be used once more, in ms. */
const restMs = 1_000;

/**
 * The items up to the one after which `isOver` is true. What still comes, commonly an empty chunk, is read and thrown away behind the
 * caller's back; a connection that stays open is closed.
 */
export async function* untilEnd<Item>(items: AsyncIterable<Item>, isOver: () => boolean): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  let isLeft = true;
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) {
        isLeft = false;
        return;
      }
      yield value;
      if (!isOver()) continue;
      isLeft = false;
      void readRest(iterator);
      return;
    }
  } catch (error) {
    isLeft = false;
    throw error;
  } finally {
    if (isLeft) await iterator.return?.();
  }
}

async function readRest(iterator: AsyncIterator<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), restMs);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), late]);
      if (next === 'late') return void (await iterator.return?.());
      if (next.done) return;
    }
  } catch {
    // The answer was whole: how the connection ends is of no matter.
  } finally {
    clearTimeout(timer);
  }
}
