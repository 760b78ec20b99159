/** Which documents of a store are of which source. */
import { LlmError } from '../../core/errors.ts';
import type { DocumentFacts, Store, StoredDocument } from '../store/store.ts';
import { hashOfDocuments } from './fingerprint.ts';
import type { IndexSource, ReadDocument } from './source.ts';

/** In the metadata of each of the documents of a source that holds many: the source's id. Also to narrow a search to that source. */
export const partOf = 'partOf';

const pageSize = 1_000;

/** A document to be stored, with its passages. */
export interface NewDocument {
  readonly document: StoredDocument;
  readonly passages: ReadDocument['passages'];
}

/**
 * The documents of a source as the store gets them; of two with one id the later counts.
 * @throws LlmError `invalid_request` for an id that a store would not give back as it is
 */
export function newDocuments(source: IndexSource, read: readonly ReadDocument[], fingerprint: string): NewDocument[] {
  const [first] = read;
  const isOne = read.length === 1 && first?.id === undefined;
  const byId = new Map(read.map((one, at) => [isOne ? source.id : `${source.id}#${one.id ?? at + 1}`, one]));
  for (const id of byId.keys()) checkId(id);
  const hash = hashOfDocuments(fingerprint, byId.size);
  return Array.from(byId, ([id, { title, metadata, passages }]) => ({
    document: { id, title: source.title || title, source: source.source || source.id, metadata: { ...metadata, ...source.metadata, ...(!isOne && { [partOf]: source.id }) }, hash },
    passages,
  }));
}

/** Databases refuse or replace these characters: the document would not be found again. */
function checkId(id: string): void {
  if (id !== '' && id.isWellFormed() && !id.includes('\0')) return;
  throw new LlmError('invalid_request', 'The id is empty, or has characters that are none.', { hint: 'Give the document another id.' });
}

/** What the store has of a source. */
export async function storedOf(store: Store, sourceId: string): Promise<DocumentFacts[]> {
  const own = await store.get(sourceId);
  const found = own ? [own] : [];
  for await (const document of allUnder(store, `${sourceId}#`)) if (sourceOf(document) === sourceId) found.push(document);
  return found;
}

/** Whether these are all the documents of a source, as they would be made today. */
export function areUpToDate(stored: readonly DocumentFacts[], fingerprint: string, needVectors: boolean): boolean {
  const hash = hashOfDocuments(fingerprint, stored.length);
  return stored.length > 0 && stored.every((document) => document.hash === hash && (!needVectors || document.embedded || document.passages === 0));
}

export function sourceOf({ id, metadata }: StoredDocument): string {
  const owner = metadata[partOf];
  // Somebody else's metadata may have that name.
  return typeof owner === 'string' && id.startsWith(`${owner}#`) ? owner : id;
}

/** In the order of their ids. What has been given may be removed. */
export async function* allUnder(store: Store, prefix: string): AsyncGenerator<DocumentFacts> {
  for (let after: string | undefined; ; ) {
    const page = await store.list({ limit: pageSize, prefix, ...(after !== undefined && { after }) });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}
