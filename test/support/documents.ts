/** Odd documents, and what reading them comes to. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isLlmError } from '../../nodes/core/errors.ts';
import type { ReadDocument, Source } from '../../nodes/rag/documents/document.ts';
import { readDocuments } from '../../nodes/rag/documents/read.ts';

/** The file's path in the fixtures. */
function documentFile(name: string): string {
  return new URL(`../fixtures/documents/${name}`, import.meta.url).pathname;
}

export function fixture(name: string): Source & { bytes: Buffer } {
  return { bytes: readFileSync(documentFile(name)), name };
}

export async function readOne(bytes: Source['bytes'], name?: string, type?: string): Promise<ReadDocument> {
  const documents = await readDocuments({ bytes, name, type });
  assert.equal(documents.length, 1);
  return documents[0] as ReadDocument;
}

/** The reason why it is refused, with the hint. */
export async function reasonOf(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(() => assert.fail('It was read.'), (thrown: unknown) => thrown);
  assert.ok(isLlmError(error), String(error));
  assert.equal(error.kind, 'invalid_request');
  return error.message;
}

/** Each block with its text, without the blanks around it: `heading 1: # A`. */
export function blocksOf({ text, blocks }: Pick<ReadDocument, 'text' | 'blocks'>): string[] {
  return blocks.map((block) => `${block.type}${block.type === 'heading' ? ` ${block.level}` : ''}: ${text.slice(block.start, block.end).trim()}`);
}

/** In order, without gaps, from the beginning to the end. */
export function assertComplete({ text, blocks }: Pick<ReadDocument, 'text' | 'blocks'>): void {
  const places = blocks.map(({ start, end }) => [start, end]);
  assert.deepEqual(places.map(([start]) => start), text === '' ? [] : [0, ...places.slice(0, -1).map(([, end]) => end)]);
  assert.equal(places.at(-1)?.[1] ?? 0, text.length);
  for (const [start = 0, end = 0] of places) assert.ok(start < end);
}
