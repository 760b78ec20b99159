import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileFilter, type FilePatterns } from '../../../nodes/rag/folder/patterns.ts';

function documentsOf(paths: string[], patterns?: FilePatterns): string[] {
  return paths.filter(fileFilter(patterns).isDocument);
}

const paths = ['a.md', 'b/c/D.PDF', 'b/x.png', 'b/x', '.env.md', '.git/a.md', 'b/.c/a.md', 'node_modules/a.md', 'b/node_modules/x/a.md', 'drafts/a.md', 'b/drafts/a.txt'];

test('all that can be read is a document, but nothing hidden and nothing of packages', () => {
  assert.deepEqual(documentsOf(paths), ['a.md', 'b/c/D.PDF', 'drafts/a.md', 'b/drafts/a.txt']);
});

test('patterns say what counts and what does not', () => {
  assert.deepEqual(documentsOf(paths, { include: ['*.md', 'b/**/*.pdf'] }), ['a.md', 'b/c/D.PDF']);
  assert.deepEqual(documentsOf(paths, { ignore: ['**/drafts/', '*.md'] }), ['b/c/D.PDF', 'node_modules/a.md', 'b/node_modules/x/a.md']);
  assert.deepEqual(documentsOf(paths, { hidden: true, include: ['**/a.md'] }), ['a.md', '.git/a.md', 'b/.c/a.md', 'drafts/a.md']);
});

test('a folder is left out with all that is in it', () => {
  const { isLeftOut } = fileFilter({ ignore: ['old', '**/tmp/**'] });
  assert.deepEqual(['old', 'old/a/b.md', 'a/old', 'tmp/x', 'a/tmp/x', '.git', 'a'].map(isLeftOut), [true, true, false, true, true, true, false]);
});
