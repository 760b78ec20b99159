/** What package.json says about this palette. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Package {
  name: string;
  version: string;
  'node-red': { nodes: Record<string, string>; plugins?: Record<string, string> };
}

/** The folder of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url));

export const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Package;
