import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cost, Usage } from '../../nodes/core/completion.ts';
import { readPriceTable } from '../../nodes/core/price-table.ts';
import { costOf } from '../../nodes/core/pricing.ts';

const usage: Usage = { inputTokens: 1000, outputTokens: 500, estimated: false };
const openai = { providerId: 'openai' };

/** In millionths of a dollar, for floating point makes 0.002 of 0.0020000000000000005. */
function micros(cost: Cost | undefined): number[] | undefined {
  return cost && [cost.usd, cost.inputUsd, cost.outputUsd].map((usd) => Math.round(usd * 1e9) / 1e3);
}

test("the user's own price wins over the list", () => {
  const table = { 'gpt-4o': { input: 1, output: 2 } };
  assert.deepEqual(micros(costOf(usage, 'gpt-4o', { table, known: openai })), [2000, 1000, 1000]);
});

test('the price for * is for every model that has none of its own', () => {
  const table = { '*': { input: 3, output: 0 }, mine: { input: 1, output: 0 } };
  assert.deepEqual(micros(costOf(usage, 'mine', { table })), [1000, 1000, 0]);
  assert.deepEqual(micros(costOf(usage, 'other', { table })), [3000, 3000, 0]);
  assert.deepEqual(micros(costOf(usage, 'constructor', { table })), [3000, 3000, 0]);
});

test('cached input costs its own price, or that of other input', () => {
  const cached = { ...usage, cachedInputTokens: 400 };
  assert.deepEqual(micros(costOf(cached, 'm', { table: { m: { input: 10, output: 0, cachedInput: 1 } } })), [6400, 6400, 0]);
  assert.deepEqual(micros(costOf(cached, 'm', { table: { m: { input: 10, output: 0 } } })), [10_000, 10_000, 0]);
});

test('a cached part that is larger than the whole costs no more than the whole', () => {
  const odd = { ...usage, cachedInputTokens: 5000, cacheWriteTokens: 5000 };
  assert.deepEqual(micros(costOf(odd, 'm', { table: { m: { input: 10, output: 0, cachedInput: 1 } } })), [1000, 1000, 0]);
  assert.ok((costOf(odd, 'gpt-4o', { table: {}, known: openai })?.usd ?? -1) > 0);
});

test("genai-prices knows what OpenAI's and Anthropic's models cost", () => {
  assert.deepEqual(micros(costOf(usage, 'gpt-4o', { table: {}, known: openai })), [7500, 2500, 5000]);
  assert.deepEqual(micros(costOf(usage, 'claude-sonnet-4-5', { table: {}, known: { providerId: 'anthropic' } })), [10_500, 3000, 7500]);
  assert.deepEqual(micros(costOf({ ...usage, cachedInputTokens: 400 }, 'gpt-4o', { table: {}, known: openai })), [7000, 2000, 5000]);
});

test('a compatible service is known by its address', () => {
  assert.deepEqual(micros(costOf(usage, 'gpt-4o', { table: {}, known: { providerApiUrl: 'https://api.openai.com/v1' } })), [7500, 2500, 5000]);
  assert.equal(costOf(usage, 'gpt-4o', { table: {}, known: { providerApiUrl: 'http://localhost:8080' } }), undefined);
});

test('a model that nobody knows has no cost, or the one that stands for the rest', () => {
  assert.equal(costOf(usage, 'no-such-model', { table: {}, known: openai }), undefined);
  assert.equal(costOf(usage, 'gpt-4o', { table: {} }), undefined);
  assert.deepEqual(costOf(usage, 'llama', { table: {}, otherwise: { input: 0, output: 0 } }), { usd: 0, inputUsd: 0, outputUsd: 0 });
});

test('counts that make no sense cost nothing and break nothing', () => {
  assert.equal(costOf({ ...usage, outputTokens: -1 }, 'gpt-4o', { table: {}, known: openai }), undefined);
  assert.equal(costOf({ ...usage, inputTokens: NaN }, 'gpt-4o', { table: {}, known: openai }), undefined);
});

test('the price table is JSON, and nothing where nothing is written', () => {
  assert.deepEqual(readPriceTable('{"m": {"input": 1, "output": 2, "cachedInput": 0.5}}'), { m: { input: 1, output: 2, cachedInput: 0.5 } });
  for (const nothing of [undefined, '', ' \n']) assert.deepEqual(readPriceTable(nothing), {});
});

test('a price table that is wrong is refused with what is wrong', () => {
  const price = /^The price of m needs "input" and "output"/;
  const wrong: Array<[string, RegExp]> = [
    ['{', /not valid JSON/],
    ['[]', /must be a JSON object/],
    ['7', /must be a JSON object/],
    ['null', /must be a JSON object/],
    ['{"m": 1}', price],
    ['{"m": null}', price],
    ['{"m": {"input": 1}}', price],
    ['{"m": {"input": "1", "output": 2}}', price],
    ['{"m": {"input": 1, "output": -2}}', price],
    ['{"m": {"input": 1, "output": 2, "cachedInput": "x"}}', price],
    ['{"m": {"input": 1e999, "output": 2}}', price],
  ];
  for (const [json, message] of wrong) assert.throws(() => readPriceTable(json), { name: 'RangeError', message }, json);
  assert.throws(() => readPriceTable({} as string), { name: 'RangeError' }, 'a flow written by hand');
});
