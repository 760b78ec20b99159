/** Which names a template may use: Mustache renders an unknown one as nothing, and a prompt without its question goes unnoticed. */
import { LlmError } from '../../core/errors.ts';

const everywhere = ['question', 'context', 'hasContext', 'passages', 'history', 'system'];
const ofPassages = ['number', 'text', 'title', 'source', 'headings', 'page'];
const known = new Set([...everywhere, ...ofPassages, '.']);

/** What stands for a value or a section in mustache.js's tokens: `[type, name, start, end, tokens?]`. */
const naming = new Set(['name', '&', '#', '^']);

/** @throws LlmError `misconfigured` that tells the first name that there is not */
export function checkVariables(tokens: readonly unknown[]): void {
  for (const token of tokens) {
    if (!Array.isArray(token)) continue;
    const [type, name, , , inner] = token as unknown[];
    if (type === '>') throw invalid('The prompt’s template includes another one, and there is none.', 'Put its text in place of {{> …}}.');
    if (naming.has(type as string) && !known.has(firstPart(String(name)))) {
      throw invalid(`The prompt’s template names {{${String(name)}}}, which there is not.`, `Use ${everywhere.join(', ')}, and within passages ${ofPassages.join(', ')}.`);
    }
    if (Array.isArray(inner)) checkVariables(inner as unknown[]);
  }
}

function firstPart(name: string): string {
  return name === '.' ? name : (name.split('.')[0] ?? '');
}

function invalid(message: string, hint: string): LlmError {
  return new LlmError('misconfigured', message, { hint });
}
