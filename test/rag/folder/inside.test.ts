import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { isLlmError } from '../../../nodes/core/errors.ts';
import { isInside, resolveInside } from '../../../nodes/rag/folder/inside.ts';
import { testFolder } from '../../support/folder.ts';

test('a folder holds itself and what is below, and nothing that is only called like it', () => {
  const paths = ['/a/b', '/a/b/c', '/a/b/..c', '/a/bc', '/a', '/', '/a/b/../c'];
  assert.deepEqual(paths.map((path) => isInside('/a/b', path)), [true, true, true, false, false, false, false]);
});

test('what lies outside is refused, also through a link; links within lead to the real path', async (t) => {
  const outside = testFolder(t, 'secret.md');
  const folder = testFolder(t, 'docs/a.md', 'docs/b/c.md', 'docs-old/a.md');
  symlinkSync(outside.path, folder.at('docs/link'));
  symlinkSync('b', folder.at('docs/within'));
  symlinkSync('loop', folder.at('docs/loop'));
  symlinkSync('docs', folder.at('named'));
  const kindOf = (path: string) => resolveInside(folder.at('docs'), path).catch((error: unknown) => isLlmError(error) && error.kind);
  assert.equal(await kindOf('a.md'), folder.at('docs/a.md'));
  assert.equal(await kindOf(folder.at('docs/a.md')), folder.at('docs/a.md'));
  assert.equal(await kindOf('within/c.md'), folder.at('docs/b/c.md'));
  assert.equal(await resolveInside(folder.at('named'), folder.at('named/a.md')), folder.at('docs/a.md'));
  for (const path of ['..', '../docs-old/a.md', folder.at('docs-old/a.md'), 'link/secret.md', 'link', outside.at('secret.md'), '../none', 'b/../../docs-old/a.md']) assert.equal(await kindOf(path), 'invalid_request', path);
  for (const path of ['none.md', 'loop', 'a.md/x']) assert.equal(await kindOf(path), 'not_found', path);
  await assert.rejects(resolveInside(folder.at('none'), 'a.md'), { kind: 'not_found' });
});
