/** What every store must do with vectors. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Store } from '../../../nodes/rag/store/store.ts';
import { document, failureOf, type NewPlace, passage, ten, vector } from './places.ts';

export function declareVectorContract(newPlace: NewPlace): void {
  const opened = async (t: TestContext): Promise<Store> => (await newPlace(t)).open();

  test('vectors find the nearest by the cosine, whatever their length', async (t) => {
    const store = await opened(t);
    await store.put(document('a'), [passage('x'), passage('y')], { model: 'm', vectors: [vector(3, 0, 0), vector(0, 5, 0)] });
    await store.put(document('b'), [passage('z')], { model: 'm', vectors: [vector(1, 1, 0)] });
    await store.put(document('plain'), [passage('without')]);
    const hits = await store.searchVectors({ model: 'm', vector: vector(2, 0.5, 0) }, ten);
    assert.deepEqual(hits.map(({ document: { id }, ordinal }) => [id, ordinal]), [['a', 0], ['b', 0], ['a', 1]]);
    const length = Math.hypot(2, 0.5);
    [2 / length, 2.5 / length / Math.SQRT2, 0.5 / length].forEach((cosine, at) => assert.ok(Math.abs((hits[at]?.score ?? 0) - cosine) < 1e-6));
    assert.deepEqual((await store.searchVectors({ model: 'm', vector: vector(0, 1, 0) }, { limit: 1 })).map(({ ordinal }) => ordinal), [1]);
    assert.deepEqual([(await store.get('a'))?.embedded, (await store.get('plain'))?.embedded], [true, false]);
  });

  test('vectors follow their passages through later puts and removals', async (t) => {
    const store = await opened(t);
    const texts = async () => (await store.searchVectors({ model: 'm', vector: vector(1, 0) }, ten)).map(({ passage: { text } }) => text);
    await store.put(document('a'), [passage('one'), passage('two')], { model: 'm', vectors: [vector(1, 0), vector(1, 0.1)] });
    assert.deepEqual(await texts(), ['one', 'two']);
    await store.put(document('b'), [passage('three')], { model: 'm', vectors: [vector(1, 0.05)] });
    await store.put(document('a'), [passage('four')], { model: 'm', vectors: [vector(0.1, 1)] });
    assert.deepEqual(await texts(), ['three', 'four']);
    await store.remove('b');
    assert.deepEqual((await store.searchVectors({ model: 'm', vector: vector(1, 0) }, { limit: 1 })).map(({ passage: { text } }) => text), ['four']);
    await store.put(document('c'), [passage('five')]);
    assert.deepEqual(await texts(), ['four']);
    await store.put(document('a'), [passage('four')]);
    assert.deepEqual([await texts(), (await store.get('a'))?.embedded], [[], false]);
  });

  test('a vector is not made twice for the same text and model', async (t) => {
    const store = await opened(t);
    assert.deepEqual(await store.knownVectors('m', ['x']), [undefined]);
    await store.put(document('a'), [passage('x'), passage('y "quoted" \0')], { model: 'm', vectors: [vector(1, 0), vector(0.6, 0.8)] });
    await store.put(document('b'), [passage('z')]);
    const [known, ...rest] = await store.knownVectors('m', ['y "quoted" \0', 'z', 'X', 'x ']);
    assert.deepEqual([Array.from(known ?? [], (one) => one.toFixed(5)), rest], [['0.60000', '0.80000'], [undefined, undefined, undefined]]);
    assert.deepEqual([await store.knownVectors('other', ['x']), await store.knownVectors('m', [])], [[undefined], []]);
  });

  test('vectors of two models are never mixed, until the store is cleared', async (t) => {
    const store = await opened(t);
    await store.put(document('a'), [passage('x')], { model: 'small', vectors: [vector(1, 0)] });
    const others = [{ model: 'large', vectors: [vector(1, 0)] }, { model: 'small', vectors: [vector(1, 0, 0)] }];
    for (const { model, vectors } of others) {
      const calls = [store.put(document('b'), [passage('y')], { model, vectors }), store.searchVectors({ model, vector: vectors[0] as Float32Array }, ten)];
      for (const { kind, message, hint } of await Promise.all(calls.map(failureOf))) {
        assert.deepEqual([kind, hint], ['misconfigured', 'Choose that model, or clear the store and index everything again.']);
        assert.match(message, /"small" with 2 dimensions, not of "(large|small)" with [23] dimensions/);
      }
    }
    assert.equal(await store.get('b'), undefined);
    await store.clear();
    await store.put(document('b'), [passage('y')], { model: 'large', vectors: [vector(1, 0, 0)] });
    assert.equal((await store.searchVectors({ model: 'large', vector: vector(1, 0, 0) }, ten)).length, 1);
  });

  test('vectors that are none are refused, and what was there stays', async (t) => {
    const store = await opened(t);
    await store.put(document('a'), [passage('x')], { model: 'm', vectors: [vector(1, 0)] });
    const wrong = [[], [vector(1, 0), vector(0, 1)], [vector()], [vector(NaN, 0)], [vector(Infinity, 1)]];
    for (const vectors of wrong) assert.equal((await failureOf(store.put(document('a'), [passage('y')], { model: 'm', vectors }))).kind, 'invalid_request');
    assert.deepEqual((await store.passages('a', 0, 9)).map(({ passage: { text } }) => text), ['x']);
    // One of zeros has no direction: it is kept, and never the best.
    await store.put(document('b'), [passage('zero')], { model: 'm', vectors: [vector(0, 0)] });
    assert.deepEqual((await store.searchVectors({ model: 'm', vector: vector(1, 0) }, { limit: 1 })).map(({ document: { id } }) => id), ['a']);
  });
}
