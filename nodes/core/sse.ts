/** Server-sent events out of a byte stream (WHATWG HTML, 9.2). */
import { createParser } from 'eventsource-parser';
import { LlmError } from './errors.ts';

export interface SseEvent {
  event?: string | undefined;
  data: string;
}

/** An event longer than this is no answer of a model. In characters. */
const longestEvent = 16 * 1024 * 1024;

/**
 * The events of a stream, one array for each chunk of bytes. Comments are left out; an event that the stream's end cuts
 * off before its blank line still counts, for some servers never send that line.
 * @throws LlmError `server` where one event is longer than 16 Mi characters
 */
export async function* readSse(body: AsyncIterable<Uint8Array>): AsyncGenerator<readonly SseEvent[]> {
  let events: SseEvent[] = [];
  let tooLong: LlmError | undefined;
  const parser = createParser({
    maxBufferSize: longestEvent,
    onEvent: (event) => events.push(event),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') tooLong = new LlmError('server', 'An event of the answer is longer than 16 MiB.', { hint: 'No model writes so much at once: look what stands at the address.', retryable: false });
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (events.length > 0) yield events;
    if (tooLong) throw tooLong;
    events = [];
  }
  parser.feed(`${decoder.decode()}\n\n`);
  if (events.length > 0) yield events;
}
