/** An indexer over a store in memory, with a reader that knows two kinds of files, and an embedder that counts. */
import { LlmError } from '../../nodes/core/errors.ts';
import { Indexer } from '../../nodes/rag/indexing/indexer.ts';
import type { IndexProgress, IndexSource, Read } from '../../nodes/rag/indexing/source.ts';
import { MemoryStore } from './memory-store.ts';
import { passagesOf } from './passages.ts';

export interface Split {
  readonly size: number;
}

export const unreadable = 'UNREADABLE';
export const notEmbeddable = 'too long';

/** A `.jsonl` has a document in each line, `id: text`; every other file is one, with its empty lines between passages. */
function readerOf(log: string[]): Read<Split> {
  return async ({ bytes, name = '' }) => {
    log.push(name);
    const content = bytes.toString();
    await Promise.resolve();
    if (content === unreadable) throw new LlmError('invalid_request', 'It is no document.', { hint: 'Save it again.' });
    const passages = (text: string) => passagesOf(text.split('\n\n').filter((part) => part !== ''));
    if (!name.endsWith('.jsonl')) return [{ title: name, metadata: { words: content.length }, passages: passages(content) }];
    const lines = content.split('\n').filter((line) => line !== '').map((line) => line.split(': '));
    return lines.map(([id = '', text = '']) => ({ id, title: id, metadata: {}, passages: passages(text) }));
  };
}

interface Options {
  store?: MemoryStore;
  split?: Split;
  hasEmbedder?: boolean;
  model?: string;
  concurrency?: number;
  embeddingFailure?: LlmError;
}

export function setUpIndex({ store = new MemoryStore(), split = { size: 1 }, hasEmbedder = true, model = 'm', concurrency = 2, embeddingFailure }: Options = {}) {
  const reads: string[] = [];
  const embedded: string[] = [];
  const progress: IndexProgress[] = [];
  const { signal } = new AbortController();
  const passages = async (texts: readonly string[]) => {
    if (embeddingFailure) throw embeddingFailure;
    if (texts.some((text) => text.includes(notEmbeddable))) throw new LlmError('context_length', 'A text is too long.');
    embedded.push(...texts);
    return texts.map((text) => Float32Array.of(text.length));
  };
  const indexer = new Indexer({ store, read: readerOf(reads), split, concurrency, ...(hasEmbedder && { embedder: { model, passages } }) });
  const options = { signal, onProgress: (one: IndexProgress) => progress.push(one) };
  return {
    store, indexer, reads, embedded, progress, options,
    upsert: (...sources: IndexSource[]) => indexer.upsert(sources, options),
    sync: (sources: IndexSource[], prefix = '') => indexer.sync(sources, { ...options, prefix }),
    remove: (...ids: string[]) => indexer.remove(ids, options),
    /** What is in the store: the texts of each document. */
    contents: async (): Promise<Record<string, string[]>> => {
      const found: Record<string, string[]> = {};
      for (const { id } of await store.list({ limit: 1e6 })) found[id] = (await store.passages(id, 0, 1e6)).map(({ passage }) => passage.text);
      return found;
    },
  };
}

export function file(id: string, content: string, more: Partial<IndexSource> = {}): IndexSource {
  return { id, name: id, content, ...more };
}

export const nothing = { added: 0, updated: 0, unchanged: 0, removed: 0, passages: 0, embedded: 0, failed: [] };
