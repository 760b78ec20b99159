/** Places for stores, and what to put there. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isLlmError, type LlmError } from '../../../nodes/core/errors.ts';
import type { Passage } from '../../../nodes/rag/passages/passage.ts';
import type { Store, StoredDocument } from '../../../nodes/rag/store/store.ts';
import type { Language } from '../../../nodes/rag/text/languages.ts';

/** Where a store's data lies: all that are opened here share it. Whatever it opens is closed after the test. */
export interface Place {
  open(language?: Language): Store;
}

export type NewPlace = (t: TestContext) => Place | Promise<Place>;

export function document(id: string, more: Partial<StoredDocument> = {}): StoredDocument {
  return { id, title: '', source: `/docs/${id}`, metadata: {}, hash: `hash of ${id}`, ...more };
}

export function passage(text: string, more: Partial<Passage> = {}): Passage {
  return { text, headings: [], start: 0, end: text.length, ...more };
}

export async function failureOf(call: Promise<unknown>): Promise<LlmError> {
  const error = await call.then(() => assert.fail('It went well.'), (thrown: unknown) => thrown);
  assert.ok(isLlmError(error), String(error));
  return error;
}

export function vector(...components: number[]): Float32Array {
  return new Float32Array(components);
}

export const ten = { limit: 10 };
