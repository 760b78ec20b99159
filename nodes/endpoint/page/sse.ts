/** Server-sent events out of bytes, with the comments by which a server says that it is still there. */
import { createParser } from 'eventsource-parser';

export type StreamItem = { data: string } | { comment: string };

export class SseReader {
  #items: StreamItem[] = [];
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    onEvent: ({ data }) => this.#items.push({ data }),
    onComment: (comment) => this.#items.push({ comment: comment.trim() }),
  });

  /** What these bytes complete. */
  feed(bytes: Uint8Array): StreamItem[] {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }));
    return this.#take();
  }

  /** What the end of the stream completes: an event may lack its blank line. */
  end(): StreamItem[] {
    this.#parser.feed(`${this.#decoder.decode()}\n\n`);
    return this.#take();
  }

  #take(): StreamItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }
}
