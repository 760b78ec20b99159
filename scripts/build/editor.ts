/** The one HTML file that Node-RED's editor loads for a node: its script and its templates. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { write } from './files.ts';
import { withIncludes } from './include.ts';

/** Bundles `editor.ts` of the folder `from` and joins it with `<folder name>.html`. */
export async function buildEditor(from: string, to: string, shared: string): Promise<void> {
  const name = `${basename(from)}.html`;
  const [script, templates] = await Promise.all([
    bundle(join(from, 'editor.ts')),
    readFile(join(from, name), 'utf8').then((html) => withIncludes(html, shared)),
  ]);
  await write(join(to, name), `<script type="text/javascript">\n${script}</script>\n\n${templates}`);
}

/** Not minified: the Flow Library reads the calls of registerType in it, and so may people. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    // Also makes esbuild write </script> in strings as <\/script>.
    platform: 'browser',
    charset: 'utf8',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
