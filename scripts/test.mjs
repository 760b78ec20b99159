/** `npm test [-- <file or folder or option of node --test> …]` */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './node24.mjs';
import { prepare } from './prepare.mjs';
import { selectTests } from './select-tests.mjs';

await prepare();

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const names = args.filter((arg) => !arg.startsWith('-'));
const everything = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).map((path) => `test/${path}`);
const files = selectTests(names, everything);

// Without a file, node --test would look for tests by itself, in dist and node_modules too.
if (files.length === 0) {
  console.error(`There is no test in ${names.join(', ') || 'test'}.`);
  process.exit(1);
}
process.exitCode = await run(['--test', '--test-reporter=spec', '--test-timeout=120000', ...options, ...files]);
