/** The chat page, as the endpoint serves it: one script and one style sheet beside the HTML. */
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles `page.ts` and `page.css` of the folder `from`, and copies what needs no work. */
export async function buildPage(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const assets = (await readdir(from)).filter((file) => /\.(?:html|svg)$/.test(file));
  await Promise.all([bundle(from, to), ...assets.map((file) => copyFile(join(from, file), join(to, file)))]);
}

/** Not minified: whoever wonders what the page does with a key may read it. */
async function bundle(from: string, to: string): Promise<void> {
  await build({
    entryPoints: [join(from, 'page.ts'), join(from, 'page.css')],
    bundle: true,
    outdir: to,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    charset: 'utf8',
    logLevel: 'error',
  });
}
