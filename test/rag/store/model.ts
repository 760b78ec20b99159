/** A store as plain as possible, and how a real one is held against it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Passage } from '../../../nodes/rag/passages/passage.ts';
import type { Store, StoredDocument } from '../../../nodes/rag/store/store.ts';

const vocabulary = ['ant', 'bee', 'cat', 'dog'];
const ids = ['a', 'b', "c'c", 'ü/😀', '%'];
const model = 'm';

interface Kept {
  readonly document: StoredDocument;
  readonly passages: readonly Passage[];
  readonly vectors: readonly Float32Array[] | undefined;
}

const component = fc.integer({ min: -3, max: 3 });
const vectors = fc.tuple(component, component, component).map((components) => new Float32Array(components));
const texts = fc.array(fc.array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 4 }).map((words) => words.join(' ')), { maxLength: 4 });
const put = fc.record({ type: fc.constant('put' as const), id: fc.constantFrom(...ids), texts, vectors: fc.option(fc.array(vectors, { minLength: 4, maxLength: 4 })), tag: fc.constantFrom('x', 'y'), hash: fc.string({ maxLength: 4 }) });
const remove = fc.record({ type: fc.constant('remove' as const), id: fc.constantFrom(...ids) });
const steps = fc.array(fc.oneof({ weight: 8, arbitrary: put }, { weight: 3, arbitrary: remove }, { weight: 1, arbitrary: fc.constant({ type: 'clear' as const }) }), { maxLength: 12 });
type Step = ReturnType<typeof steps.generate>['value'][number];

function toKept(step: Extract<Step, { type: 'put' }>): Kept {
  const document = { id: step.id, title: 'Title', source: '', metadata: { tag: step.tag }, hash: step.hash };
  return { document, passages: step.texts.map((text) => ({ text, headings: [], start: 0, end: text.length })), vectors: step.vectors?.slice(0, step.texts.length) };
}

async function take(store: Store, step: Step): Promise<boolean | void> {
  if (step.type === 'clear') return store.clear();
  if (step.type === 'remove') return store.remove(step.id);
  const { document, passages, vectors } = toKept(step);
  return store.put(document, passages, vectors && { model, vectors });
}

const byCodePoint = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
const nameOf = (id: string, ordinal: number) => `${id}#${ordinal}`;

export async function behavesLikeModel(open: () => Promise<Store>): Promise<void> {
  const store = await open();
  const kept = new Map<string, Kept>();
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      await store.clear();
      kept.clear();
      for (const step of sequence) {
        const result = await take(store, step);
        if (step.type === 'clear') kept.clear();
        else if (step.type === 'remove') assert.equal(result, kept.delete(step.id));
        else kept.set(step.id, toKept(step));
      }
      await compare(store, kept);
    }),
    { numRuns: 40 },
  );
}

async function compare(store: Store, kept: ReadonlyMap<string, Kept>): Promise<void> {
  const sorted = [...kept.values()].sort((one, other) => byCodePoint(one.document.id, other.document.id));
  const listed = await store.list({ limit: 99 });
  assert.deepEqual(
    listed.map((facts) => ({ ...facts, indexedAt: 0 })),
    sorted.map(({ document, passages, vectors }) => ({ ...document, passages: passages.length, embedded: vectors !== undefined || passages.length === 0, indexedAt: 0 })),
  );
  const all = sorted.flatMap(({ document, passages, vectors }) => passages.map((passage, ordinal) => ({ id: document.id, ordinal, tag: document.metadata['tag'], passage, vector: vectors?.[ordinal] })));
  const { documents, passages } = await store.facts();
  assert.deepEqual([documents, passages], [kept.size, all.length]);
  for (const { document, passages } of sorted) assert.deepEqual((await store.passages(document.id, 0, 99)).map(({ passage }) => passage), passages);

  for (const word of vocabulary) {
    const filter = word === 'ant' ? { tag: 'x' } : undefined;
    const hits = await store.searchWords(word, { limit: 99, filter });
    const expected = all.filter(({ passage, tag }) => passage.text.includes(word) && (!filter || tag === 'x'));
    assert.deepEqual(hits.map(({ document, ordinal }) => nameOf(document.id, ordinal)).sort(), expected.map(({ id, ordinal }) => nameOf(id, ordinal)).sort());
    assert.deepEqual(hits, hits.toSorted((one, other) => other.score - one.score));
  }

  const vector = new Float32Array([1, 2, -1]);
  const hits = await store.searchVectors({ model, vector }, { limit: 99 });
  const cosines = new Map(all.flatMap(({ id, ordinal, vector: own }) => (own ? [[nameOf(id, ordinal), cosine(own, vector)]] : [])));
  assert.equal(hits.length, cosines.size);
  for (const { document, ordinal, score } of hits) assert.ok(Math.abs(score - (cosines.get(nameOf(document.id, ordinal)) ?? NaN)) < 1e-5, `${score} for ${nameOf(document.id, ordinal)}`);
  assert.deepEqual(hits, hits.toSorted((one, other) => other.score - one.score));
}

function cosine(one: Float32Array, other: Float32Array): number {
  const length = Math.hypot(...one) * Math.hypot(...other);
  return length === 0 ? 0 : one.reduce((sum, component, at) => sum + component * (other[at] as number), 0) / length;
}

/** Each store takes its own steps, all at once. What is left is some whole document that was put, or none. */
export async function mixesWell(stores: readonly Store[]): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: stores.length, maxLength: stores.length }), async (sequences) => {
      await stores[0]?.clear();
      await Promise.all(stores.flatMap((store, at) => (sequences[at] ?? []).map((step) => take(store, step))));
      const puts = sequences.flat().filter((step) => step.type === 'put').map(toKept);
      const left = new Map<string, Kept>();
      for (const { id, hash, metadata } of (await stores[0]?.list({ limit: 99 })) ?? []) {
        const texts = ((await stores[0]?.passages(id, 0, 99)) ?? []).map(({ passage: { text } }) => text).join('|');
        const is = ({ document, passages }: Kept) => document.id === id && document.hash === hash && document.metadata['tag'] === metadata['tag'] && passages.map(({ text }) => text).join('|') === texts;
        const whole = puts.filter(is);
        assert.ok(whole.length > 0, `${id}: ${texts}`);
        left.set(id, whole[0] as Kept);
      }
      for (const store of stores) await sameWords(store, left);
    }),
    { numRuns: 15 },
  );
}

/** The words find exactly the passages that are there. */
async function sameWords(store: Store, kept: ReadonlyMap<string, Kept>): Promise<void> {
  for (const word of vocabulary) {
    const hits = (await store.searchWords(word, { limit: 99 })).map(({ document, ordinal }) => nameOf(document.id, ordinal));
    const expected = [...kept].flatMap(([id, { passages }]) => passages.flatMap(({ text }, ordinal) => (text.includes(word) ? [nameOf(id, ordinal)] : [])));
    assert.deepEqual(hits.sort(), expected.sort());
  }
  const { documents } = await store.facts();
  assert.equal(documents, kept.size);
  const vectors = await store.searchVectors({ model, vector: new Float32Array([1, 2, -1]) }, { limit: 99 });
  for (const { document, ordinal } of vectors) assert.ok(kept.get(document.id)?.passages[ordinal], nameOf(document.id, ordinal));
}
