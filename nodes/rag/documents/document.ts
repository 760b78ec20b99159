/** A document as it is read: its text, and what its parts are. */
import { LlmError } from '../../core/errors.ts';
import type { Metadata } from '../store/store.ts';

/** What is to be read: the bytes of a file, or a text. */
export interface Source {
  readonly bytes: Uint8Array | string;
  /** Of the file; its ending tells the format, and it is the title of a document without one. */
  readonly name?: string | undefined;
  /** A MIME type; it goes before the name's ending where it says more than "some text" or "some bytes". */
  readonly type?: string | undefined;
}

/** Parts of a text in order and without gaps: the first begins at 0, and each reaches up to the next, with the blanks between. */
export type Block = { readonly start: number; readonly end: number; readonly page?: number } & (
  | { readonly type: 'paragraph' | 'item' | 'code' | 'row' }
  | { readonly type: 'heading'; readonly level: number; readonly text: string }
);

export interface ReadDocument {
  /** Only where the source gives one, as a line of JSON Lines may. */
  readonly id?: string;
  /** Empty where there is neither a title nor a name. */
  readonly title: string;
  /** Plain text or Markdown, in which offsets count, in UTF-16 units. Text and Markdown stand as they are written. */
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly metadata: Metadata;
}

/** Why something cannot be indexed, in words for the person whose document it is; `hint`: what to do about it. */
export function refusal(message: string, hint?: string): LlmError {
  return new LlmError('invalid_request', message, { hint });
}

/** What a source may come to. */
export interface ReadingBounds {
  /** Of one part of a document once it is unpacked. */
  readonly maxUnpackedBytes: number;
}

/** Of a document that unpacks to more than it may. */
export function unpacksToMore({ maxUnpackedBytes }: ReadingBounds): LlmError {
  return refusal(`It unpacks to more than ${Math.round(maxUnpackedBytes / 1024 ** 2)} MB.`, 'Divide it, or raise the bound of the largest file.');
}

/** Whether there was no memory for an array or a text. Libraries wrap such an error, with its message. */
export function isAllocationFailure(error: unknown): boolean {
  return error instanceof Error && /allocation failed|failed to allocate|insufficient memory|invalid (?:typed )?(?:array|string) length|string longer than/i.test(error.message);
}

export function noMemory(): LlmError {
  return new LlmError('out_of_memory', 'There is no memory left.');
}

/** What a reader of one format finds. */
export interface Content {
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly title?: string | undefined;
  readonly metadata?: Metadata;
}

/**
 * Blocks that leave out parts of the text, as blocks without gaps: each takes what follows it, the first one what goes before.
 * Where there are none, the text is one paragraph.
 */
export function withoutGaps(blocks: readonly Block[], length: number): Block[] {
  if (blocks.length === 0) return length > 0 ? [{ type: 'paragraph', start: 0, end: length }] : [];
  return blocks.map((block, at) => ({ ...block, start: at === 0 ? 0 : block.start, end: blocks[at + 1]?.start ?? length }));
}
