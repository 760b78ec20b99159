/** The settings of a trial, from what stands in its fields. */

export const overrideFields = ['model', 'system', 'maxTokens', 'temperature', 'more'] as const;
export type OverrideField = (typeof overrideFields)[number];

const numbers: readonly OverrideField[] = ['maxTokens', 'temperature'];

/** `msg.llm` of the trial, or the field that is wrong. */
export type Overrides = { readonly llm: Readonly<Record<string, unknown>> } | { readonly wrong: OverrideField };

/** Empty fields leave the node's own settings; `more` is a JSON object, which the other fields win over. */
export function readOverrides(fields: Readonly<Record<OverrideField, string>>): Overrides {
  const more = readObject(fields.more);
  if (more === undefined) return { wrong: 'more' };
  const llm: Record<string, unknown> = { ...more };
  for (const name of overrideFields) {
    const text = fields[name].trim();
    if (name === 'more' || text === '') continue;
    const value = numbers.includes(name) ? Number(text) : text;
    if (Number.isNaN(value)) return { wrong: name };
    llm[name] = value;
  }
  return { llm };
}

function readObject(text: string): object | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
