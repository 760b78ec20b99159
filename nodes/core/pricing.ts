/** What an answer cost, from the user's own prices first, else from genai-prices' bundled table. */
import { calcPrice } from '@pydantic/genai-prices';
import type { Cost, Usage } from './completion.ts';

/** USD for a million tokens. Input that was read from the cache costs `input` where `cachedInput` is missing. */
export interface ModelPrice {
  input: number;
  output: number;
  cachedInput?: number;
}

/** Prices by model name; the name `*` stands for every other model. */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

export interface PriceSource {
  table: PriceTable;
  /** Where genai-prices knows the provider: its id, or an address that it recognizes. */
  known?: { providerId: string } | { providerApiUrl: string };
  /** What a model costs that nobody has a price for; a server of one's own costs nothing. */
  otherwise?: ModelPrice;
}

const perMillion = 1e-6;

/** Undefined where nobody knows the price. */
export function costOf(usage: Usage, model: string, { table, known, otherwise }: PriceSource): Cost | undefined {
  const own = Object.hasOwn(table, model) ? table[model] : table['*'];
  if (own) return byPrice(usage, own);
  const listed = known && listedCost(usage, model, known);
  return listed ?? (otherwise && byPrice(usage, otherwise));
}

function byPrice({ inputTokens, outputTokens, cachedInputTokens = 0 }: Usage, price: ModelPrice): Cost {
  const cached = Math.min(cachedInputTokens, inputTokens);
  const cachedUsd = cached * (price.cachedInput ?? price.input);
  const inputUsd = ((inputTokens - cached) * price.input + cachedUsd) * perMillion;
  const outputUsd = outputTokens * price.output * perMillion;
  return { usd: inputUsd + outputUsd, inputUsd, outputUsd };
}

function listedCost(usage: Usage, model: string, known: NonNullable<PriceSource['known']>): Cost | undefined {
  // The table refuses a cached part that is larger than the whole, which odd servers report.
  const cacheRead = Math.min(usage.cachedInputTokens ?? 0, usage.inputTokens);
  const cacheWrite = Math.min(usage.cacheWriteTokens ?? 0, usage.inputTokens - cacheRead);
  const counts = {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cache_read_tokens: cacheRead,
    cache_write_tokens: cacheWrite,
  };
  // It throws for a count below zero, which servers also report: an answer is worth more than its price.
  const price = Math.min(...Object.values(counts)) >= 0 ? calcPrice(counts, model, known) : undefined;
  return price ? { usd: price.total_price, inputUsd: price.input_price, outputUsd: price.output_price } : undefined;
}

/**
 * The price table as the user wrote it: JSON, a model's name to its price.
 * @throws RangeError that says what is wrong
 */
export function readPriceTable(json: string | undefined): PriceTable {
  if (!json || String(json).trim() === '') return {};
  let table: unknown;
  try {
    table = JSON.parse(json);
  } catch {
    throw new RangeError('The prices are not valid JSON.');
  }
  if (typeof table !== 'object' || table === null || Array.isArray(table)) throw new RangeError('The prices must be a JSON object.');
  for (const [model, price] of Object.entries(table)) checkPrice(model, price);
  return table as PriceTable;
}

function checkPrice(model: string, price: unknown): void {
  const { input, output, cachedInput = 0 } = (price ?? {}) as Record<string, unknown>;
  const isPrice = (value: unknown) => typeof value === 'number' && value >= 0 && value < Infinity;
  if (!isPrice(input) || !isPrice(output) || !isPrice(cachedInput)) {
    throw new RangeError(`The price of ${model} needs "input" and "output": USD for a million tokens.`);
  }
}
