/** A store with documents in it, and an embedder that knows a few words. */
import type { QuestionEmbedder } from '../../nodes/rag/retrieval/candidates.ts';
import { MemoryStore } from './memory-store.ts';
import { documentOf, passagesOf, vectorOf } from './passages.ts';

export function knowledge(vocabulary: readonly string[]) {
  const store = new MemoryStore();
  const model = 'words';
  const embedder: QuestionEmbedder = { model, question: async (text) => vectorOf(text, vocabulary) };
  const add = (id: string, texts: readonly string[], metadata: Record<string, unknown> = {}, headings: readonly string[] = []) => {
    const passages = passagesOf(texts, headings);
    return store.put(documentOf(id, { metadata }), passages, { model, vectors: passages.map(({ text }) => vectorOf(text, vocabulary)) });
  };
  return { store, embedder, add };
}
