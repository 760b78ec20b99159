/** Parts that several templates or help pages have in common. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const include = /^([ \t]*)<!-- include: ([\w-]+) -->[ \t]*$/gm;

/** Puts `<folder>/<name>.html` in the place of each line `<!-- include: name -->`. */
export async function withIncludes(html: string, folder: string): Promise<string> {
  const names = new Set([...html.matchAll(include)].map(([, , name = '']) => name));
  const parts = new Map<string, string>();
  for (const name of names) parts.set(name, (await readFile(join(folder, `${name}.html`), 'utf8')).trimEnd());
  return html.replace(include, (_line, _indent, name: string) => parts.get(name) ?? '');
}
