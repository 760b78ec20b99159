/** What an answer cost, from the user's own prices first, else from genai-prices' bundled table. */
import { calcPrice } from '@pydantic/genai-prices';
import type { Cost, Usage } from './completion.ts';
import type { ModelPrice, PriceTable } from './price-table.ts';

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
