/** What every store must do. Each store's test file declares it for its own. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Metadata, Store } from '../../../nodes/rag/store/store.ts';
import type { Language } from '../../../nodes/rag/text/languages.ts';
import { behavesLikeModel, mixesWell } from './model.ts';
import { document, failureOf, type NewPlace, passage, ten, vector } from './places.ts';
import { declareVectorContract } from './vector-contract.ts';

async function idsFor(store: Store, question: string): Promise<string[]> {
  return (await store.searchWords(question, ten)).map(({ document: { id } }) => id);
}

/** Puts documents of one passage each. */
async function putTexts(store: Store, texts: Record<string, string>, metadata: Record<string, Metadata> = {}): Promise<void> {
  for (const [id, text] of Object.entries(texts)) await store.put(document(id, { metadata: metadata[id] ?? {} }), [passage(text)]);
}

export function declareContract(newPlace: NewPlace): void {
  const opened = async (t: TestContext, language?: Language): Promise<Store> => (await newPlace(t)).open(language);

  test('what is put is there as it was put', async (t) => {
    const store = await opened(t);
    const metadata = { tag: 'a', deep: { list: [1, 'zwei', null, { x: true }] }, 'odd "key"\n': 1.5, __proto__x: null };
    const put = document('docs/über.md', { title: 'Über “us”', metadata });
    const before = Date.now();
    const passages = [passage('First 😀.', { headings: ['A', 'B "b"'], start: 3, end: 12 }), passage('Second.', { page: 7 })];
    await store.put(put, passages);
    const facts = await store.get(put.id);
    const { indexedAt = 0, ...rest } = facts ?? {};
    assert.deepEqual(rest, { ...put, passages: 2, embedded: false });
    assert.ok(indexedAt >= before && indexedAt <= Date.now(), String(indexedAt));
    const { hash: _, ...about } = put;
    assert.deepEqual(await store.passages(put.id, 0, 9), passages.map((one, ordinal) => ({ document: about, passage: one, ordinal })));
    assert.equal(await store.get('docs/uber.md'), undefined);
  });

  test('putting a document again replaces all of it, longer or shorter', async (t) => {
    const store = await opened(t);
    for (const texts of [['ant', 'bee'], ['cat'], ['dog', 'elk', 'fox'], []]) {
      await store.put(document('a', { hash: texts.join() }), texts.map((text) => passage(text)));
      assert.deepEqual((await store.passages('a', 0, 99)).map(({ passage: { text } }) => text), texts);
      const { hash, passages } = (await store.get('a')) ?? {};
      assert.deepEqual([hash, passages], [texts.join(), texts.length]);
      const found = await Promise.all(['ant', 'bee', 'cat', 'dog', 'elk', 'fox'].map(async (word) => ((await idsFor(store, word)).length === 1 ? [word] : [])));
      assert.deepEqual(found.flat(), texts);
    }
  });

  test('what is removed is gone, once', async (t) => {
    const store = await opened(t);
    await putTexts(store, { a: 'whale', b: 'whale' });
    assert.deepEqual([await store.remove('a'), await store.remove('a'), await store.remove('c')], [true, false, false]);
    assert.deepEqual([await store.get('a'), await store.passages('a', 0, 9), await idsFor(store, 'whales')], [undefined, [], ['b']]);
    const { documents, passages } = await store.facts();
    assert.deepEqual([documents, passages], [1, 1]);
  });

  test('clearing leaves nothing, not even the model', async (t) => {
    const store = await opened(t);
    await store.put(document('a'), [passage('whale')], { model: 'm', vectors: [vector(1, 0)] });
    await store.clear();
    assert.deepEqual([await store.list(ten), await idsFor(store, 'whale'), await store.searchVectors({ model: 'n', vector: vector(1) }, ten)], [[], [], []]);
    const { bytes, ...facts } = await store.facts();
    assert.deepEqual([facts, bytes > 0], [{ documents: 0, passages: 0 }, true]);
    await store.put(document('a'), [passage('whale')], { model: 'n', vectors: [vector(1, 0, 0)] });
    assert.deepEqual((await store.facts()).model, { name: 'n', dimensions: 3 });
  });

  test('a list goes by code points, page by page, within a prefix', async (t) => {
    const store = await opened(t);
    // By UTF-16 units the emoji would come before the ligature.
    const ids = ['', 'A', 'Z', 'a', 'a%', 'a_', 'a_b', 'ab', 'é', 'ﬁ', '😀'];
    for (const id of ids.toReversed()) await store.put(document(id), []);
    const listed: string[] = [];
    for (let page = await store.list({ limit: 2 }); page.length > 0; page = await store.list({ limit: 2, after: listed.at(-1) as string })) listed.push(...page.map(({ id }) => id));
    assert.deepEqual(listed, ids);
    const within = async (prefix: string, after?: string) => (await store.list({ limit: 99, prefix, ...(after !== undefined && { after }) })).map(({ id }) => id);
    assert.deepEqual([await within('a'), await within('a_'), await within('a%'), await within('a', 'a_'), await within('x')], [['a', 'a%', 'a_', 'a_b', 'ab'], ['a_', 'a_b'], ['a%'], ['a_b', 'ab'], []]);
    assert.deepEqual(await store.list({ limit: 0 }), []);
  });

  test('a question finds the passages with its words, the better first, with their documents', async (t) => {
    const store = await opened(t);
    await store.put(document('a', { title: 'Zoo', metadata: { x: 1 } }), [passage('The lion sleeps.'), passage('A lion hunts with other lions.', { page: 2, headings: ['Hunting'] })]);
    await putTexts(store, { b: 'A tiger hunts alone, far away in the dark forest.', c: 'Nobody here.' });
    const hits = await store.searchWords('How do lions hunt?', ten);
    assert.deepEqual(hits.map(({ document: { id }, ordinal }) => [id, ordinal]), [['a', 1], ['a', 0], ['b', 0]]);
    const { score = 0, ...best } = hits[0] ?? {};
    assert.ok(score > 0);
    assert.deepEqual(best, { document: { id: 'a', title: 'Zoo', source: '/docs/a', metadata: { x: 1 } }, passage: passage('A lion hunts with other lions.', { page: 2, headings: ['Hunting'] }), ordinal: 1 });
    assert.deepEqual((await store.searchWords('How do lions hunt?', { limit: 1 })).map(({ ordinal }) => ordinal), [1]);
    assert.deepEqual(await store.searchWords('lion', { limit: 0 }), []);
  });

  test('a rare word of a question says more than a common one', async (t) => {
    const store = await opened(t);
    for (let number = 0; number < 30; number++) await store.put(document(`common ${number}`), [passage(`pump pump pump manual ${number}`)]);
    await putTexts(store, { rare: 'pump error e4711 seen once' });
    assert.equal((await idsFor(store, 'pump manual e4711'))[0], 'rare');
  });

  test('a word in the title or a heading says more than one in the text', async (t) => {
    const store = await opened(t);
    await putTexts(store, { text: 'whales and fish and other animals' });
    await store.put(document('title', { title: 'whales' }), [passage('and fish and other animals')]);
    await store.put(document('heading'), [passage('and fish and other animals', { headings: ['whales'] })]);
    assert.equal((await idsFor(store, 'whale')).at(-1), 'text');
  });

  test('words are found in other forms, without accents, and in any case', async (t) => {
    const store = await opened(t);
    await putTexts(store, { a: 'She was RUNNING to the Café.', b: 'The eﬃcient ﬁlters' });
    assert.deepEqual(await Promise.all(['runs', 'cafe', 'CAFÉS', 'filter', 'efficient', 'to the', ''].map((question) => idsFor(store, question))), [['a'], ['a'], ['a'], ['b'], ['b'], [], []]);
  });

  test('the language decides what a form of a word is', async (t) => {
    const texts = { a: 'Die Häuser waren groß.', b: 'The houses' };
    const german = await opened(t, 'de');
    await putTexts(german, texts);
    assert.deepEqual(await Promise.all(['Haus', 'Hauser', 'grosse', 'die'].map((question) => idsFor(german, question))), [['a'], ['a'], ['a'], []]);
    const none = await opened(t, 'none');
    await putTexts(none, texts);
    assert.deepEqual(await Promise.all(['Haus', 'hauser', 'die', 'houses'].map((question) => idsFor(none, question))), [[], ['a'], ['a'], ['b']]);
  });

  test('languages without spaces, from right to left, and of many marks are searched as well', async (t) => {
    const store = await opened(t);
    await putTexts(store, { zh: '我爱北京天安门。', ja: '今日は良い天気です。', th: 'สวัสดีชาวโลก', he: 'שָׁלוֹם עוֹלָם', ar: 'اللُّغَةُ الْعَرَبِيَّةُ جَمِيلَة', hi: 'हिन्दी एक भाषा है', ko: '한국어 문서' });
    const questions = { zh: '天安门', ja: '天気', th: 'โลก', he: 'שלום', ar: 'العربية', hi: 'हिन्दी', ko: '한국어' };
    for (const [id, question] of Object.entries(questions)) assert.deepEqual(await idsFor(store, question), [id]);
  });

  test('nothing in a question is syntax', async (t) => {
    const store = await opened(t);
    await putTexts(store, { a: 'near drop table documents', b: 'title and not or' });
    const questions = ['" OR NEAR(', '*', '-', 'a:*', "'; DROP TABLE documents; --", '"', '""', 'title:near', 'near NOT near', '^near', '{title} : near', '(', 'near*', "to_tsquery('a & !b')", ':*', '&|!', 'a\0b', '\ud800', '%', '\\', '$1', '\u{10ffff}'];
    for (const question of questions) await store.searchWords(question, ten);
    assert.deepEqual(await Promise.all(['near NOT near', '" OR NEAR(', "'; DROP TABLE x; --"].map((question) => idsFor(store, question))), [['a'], ['a'], ['a']]);
    assert.equal((await store.list(ten)).length, 2);
    assert.deepEqual(await idsFor(store, `${'unknown '.repeat(20_000)} ${Array.from({ length: 5000 }, (_, number) => `word${number}`).join(' ')} drop`), ['a']);
  });

  test('a filter holds for metadata, whatever its keys and values are', async (t) => {
    const store = await opened(t);
    const odd = `x'"; DROP TABLE documents; -- $.a ? % _ \\`;
    const metadata: Record<string, Metadata> = { text: { k: '1', [odd]: odd }, number: { k: 1 }, true: { k: true }, null: { k: null }, list: { k: ['1'] }, none: {} };
    for (const [id, about] of Object.entries(metadata)) await store.put(document(id, { metadata: about }), [passage('whale')], { model: 'm', vectors: [vector(1, 0)] });
    const found = async (filter: Record<string, string | number | boolean | null | Array<string | number | boolean | null>>) => {
      const [words, vectors] = await Promise.all([store.searchWords('whale', { ...ten, filter }), store.searchVectors({ model: 'm', vector: vector(1, 1) }, { ...ten, filter })]);
      const ids = [words, vectors].map((hits) => hits.map(({ document: { id } }) => id).sort());
      assert.deepEqual(ids[0], ids[1]);
      return ids[0];
    };
    assert.deepEqual(await found({}), Object.keys(metadata).sort());
    assert.deepEqual(await Promise.all([found({ k: '1' }), found({ k: 1 }), found({ k: true }), found({ k: null }), found({ k: ['1', 1, 'x'] }), found({ k: [] }), found({ [odd]: odd }), found({ [odd]: odd, k: 1 }), found({ [odd]: [odd, 1], k: ['1'] }), found({ toString: 1 })]), [
      ['text'], ['number'], ['true'], ['null'], ['number', 'text'], [], ['text'], [], ['text'], [],
    ]);
  });

  test('a narrow filter finds its few among many', async (t) => {
    const store = await opened(t);
    const passages = Array.from({ length: 10 }, () => passage('whale'));
    for (let number = 0; number < 30; number++) {
      await store.put(document(`d${number}`, { metadata: { few: number === 17 } }), passages, { model: 'm', vectors: passages.map((_, at) => vector(1, (number * 10 + at) / 300, 0)) });
    }
    const options = { limit: 20, filter: { few: true } };
    for (const hits of [await store.searchWords('whale', options), await store.searchVectors({ model: 'm', vector: vector(0, 0, 1) }, options)]) {
      assert.deepEqual(hits.map(({ document: { id }, ordinal }) => `${id}#${ordinal}`).sort(), passages.map((_, at) => `d17#${at}`));
    }
  });

  declareVectorContract(newPlace);

  test('metadata that is no plain data, or too much of it, is refused', async (t) => {
    const store = await opened(t);
    const loop: Record<string, unknown> = {};
    loop['loop'] = loop;
    for (const metadata of [loop, { big: 1n }]) assert.equal((await failureOf(store.put(document('a', { metadata }), []))).kind, 'invalid_request');
    const wide = await failureOf(store.put(document('a', { metadata: { rows: Array.from({ length: 100_001 }, () => 0) } }), []));
    assert.match(wide.message, /^The metadata of a document holds more than 100,000 values\./);
    await store.put(document('a', { metadata: { date: new Date(0), none: undefined, nan: NaN } }), []);
    assert.deepEqual((await store.get('a'))?.metadata, { date: '1970-01-01T00:00:00.000Z', nan: null });
  });

  test('text that no database can keep becomes text that it can, in the same places', async (t) => {
    const store = await opened(t);
    await store.put(document('a\0b', { title: '\ud800', metadata: { 'k\0': 'v\udc00\\u0000' } }), [passage('x\0y\ud800z', { headings: ['\0'] })]);
    const [found] = await store.passages('a\0b', 0, 0);
    assert.deepEqual(found, { document: { id: 'a\ufffdb', title: '\ufffd', source: '/docs/a\ufffdb', metadata: { 'k\ufffd': 'v\ufffd\\u0000' } }, passage: passage('x\ufffdy\ufffdz', { headings: ['\ufffd'] }), ordinal: 0 });
    assert.deepEqual([await store.remove('a\0b'), await store.list(ten)], [true, []]);
  });

  test('passages come in order, from one place to another', async (t) => {
    const store = await opened(t);
    await store.put(document('a'), Array.from({ length: 12 }, (_, at) => passage(`p${at}`)));
    const texts = async (from: number, to: number) => (await store.passages('a', from, to)).map(({ passage: { text } }) => text);
    assert.deepEqual(await Promise.all([texts(9, 11), texts(-3, 1), texts(11, 50), texts(3, 3), texts(4, 3), texts(50, 60)]), [['p9', 'p10', 'p11'], ['p0', 'p1'], ['p11'], ['p3'], [], []]);
    assert.deepEqual(await store.passages('b', 0, 9), []);
  });

  test('what is put stays when the store is closed, and closing waits for what is under way', async (t) => {
    const place = await newPlace(t);
    const first = place.open();
    const puts = Array.from({ length: 20 }, (_, number) => first.put(document(`d${number}`), [passage('whale')], { model: 'm', vectors: [vector(1, number)] }));
    await Promise.all([first.close(), first.close(), ...puts]);
    assert.equal((await failureOf(first.facts())).kind, 'cancelled');
    const second = place.open();
    const { bytes: _, ...facts } = await second.facts();
    assert.deepEqual(facts, { documents: 20, passages: 20, model: { name: 'm', dimensions: 2 } });
    assert.equal((await second.searchVectors({ model: 'm', vector: vector(1, 0) }, { limit: 20 })).length, 20);
    await place.open().close();
  });

  test('many calls at once all do what they say', async (t) => {
    const store = await opened(t);
    await Promise.all(Array.from({ length: 50 }, (_, number) => store.put(document(`d${number % 10}`), [passage(`version${number}`), passage('whale')], { model: 'm', vectors: [vector(1, number), vector(number, 1)] })));
    const [words, vectors, facts] = await Promise.all([store.searchWords('whale', { limit: 99 }), store.searchVectors({ model: 'm', vector: vector(1, 1) }, { limit: 99 }), store.facts()]);
    assert.deepEqual([words.length, vectors.length, facts.documents, facts.passages], [10, 20, 10, 20]);
  });

  test('whatever is put, removed and cleared, it is the store that one would think of', async (t) => behavesLikeModel(() => opened(t)));

  test('two that share their data at once never meet half a document', async (t) => {
    const place = await newPlace(t);
    await mixesWell([place.open(), place.open()]);
  });
}
