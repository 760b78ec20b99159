/** Node-RED's user folder: its flows, credentials and palettes. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { project, root } from './project.ts';

/** Makes the folder, or completes one that is there: a package.json and a secret for the credentials. */
export function createUserDir(folder: string, dependencies: Record<string, string> = {}): void {
  mkdirSync(folder, { recursive: true });
  writeOnce(join(folder, 'package.json'), JSON.stringify({ name: 'node-red-user', private: true, dependencies }, null, 2));
  writeOnce(join(folder, '.secret'), randomBytes(32).toString('hex'));
}

/** The same, with the palette of this checkout as if it were installed: nodes, icons, catalogues and examples. */
export function createUserDirWithPalette(folder: string): void {
  createUserDir(folder, { [project.name]: `file:${root}` });
  const palette = join(folder, 'node_modules', project.name);
  mkdirSync(dirname(palette), { recursive: true });
  rmSync(palette, { recursive: true, force: true });
  symlinkSync(root, palette, 'junction');
}

function writeOnce(file: string, text: string): void {
  if (!existsSync(file)) writeFileSync(file, text, { mode: 0o600 });
}
