/** The catalogues and help pages of a node, in every language that it has. */
import { basename, join } from 'node:path';
import { listIfAny, readIfAny, write } from './files.ts';
import { withIncludes } from './include.ts';

type Catalogue = { [key: string]: string | Catalogue };

/** Completes `locales/<language>/<folder name>.{json,html}` of the folder `from` with what all nodes share. */
export async function buildLocales(from: string, to: string, shared: string): Promise<void> {
  const name = basename(from);
  for (const language of await listIfAny(join(from, 'locales'))) {
    const own = join(from, 'locales', language, name);
    const common = join(shared, 'locales', language);
    const target = join(to, 'locales', language, name);

    const catalogue = merge(await readCatalogue(join(common, 'shared.json')), await readCatalogue(`${own}.json`));
    await write(`${target}.json`, `${JSON.stringify(catalogue, null, 2)}\n`);

    const help = await readIfAny(`${own}.html`);
    if (help !== undefined) await write(`${target}.html`, await withIncludes(help, common));
  }
}

/** Both catalogues in one; the node's own texts win. */
export function merge(shared: Catalogue, own: Catalogue): Catalogue {
  const merged = { ...shared };
  for (const [key, value] of Object.entries(own)) {
    const before = merged[key];
    merged[key] = typeof before === 'object' && typeof value === 'object' ? merge(before, value) : value;
  }
  return merged;
}

async function readCatalogue(file: string): Promise<Catalogue> {
  const text = await readIfAny(file);
  try {
    return text === undefined ? {} : (JSON.parse(text) as Catalogue);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}
