/** From the stream of the API to an answer that is over, one way or another. */
import { ApiError } from './api.ts';
import { add, type Answer } from './conversation.ts';
import type { StreamItem } from './sse.ts';
import { readChunk } from './wire.ts';

/**
 * Fills the answer. Never rejects: what goes wrong stands in the answer.
 *
 * @param changed called after each piece of the stream; `waiting` where the server has only said that it is still there
 */
export async function receive(
  pieces: AsyncIterable<readonly StreamItem[]>,
  answer: Answer,
  signal: AbortSignal,
  changed: (waiting: boolean) => void,
): Promise<void> {
  try {
    const complete = await read(pieces, answer, changed);
    if (answer.state !== 'running') return;
    if (complete) answer.state = 'done';
    else add(answer, { failure: { message: 'The server ended the answer before it was complete.' } });
  } catch (error) {
    // A failure that the server has told says more than the connection that breaks after it.
    if (answer.state !== 'running') return;
    if (signal.aborted) answer.state = 'stopped';
    else if (error instanceof ApiError) add(answer, error.delta);
    else add(answer, { failure: { message: `This page failed (${String(error)}). Please report it.` } });
  }
}

/** Whether the answer came to its end. */
async function read(pieces: AsyncIterable<readonly StreamItem[]>, answer: Answer, changed: (waiting: boolean) => void): Promise<boolean> {
  for await (const items of pieces) {
    let waiting = false;
    for (const item of items) {
      waiting = 'comment' in item;
      if ('comment' in item) continue;
      if (item.data === '[DONE]') return true;
      add(answer, readChunk(item.data));
    }
    if (items.length > 0) changed(waiting);
  }
  return answer.finishReason !== undefined;
}
