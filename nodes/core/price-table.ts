/** The prices that a user has written down. Read by the runtime and by the editor. */

/** USD for a million tokens. Input that was read from the cache costs `input` where `cachedInput` is missing. */
export interface ModelPrice {
  input: number;
  output: number;
  cachedInput?: number;
}

/** Prices by model name; the name `*` stands for every other model. */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

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
