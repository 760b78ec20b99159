import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMarkdown } from '../../../nodes/rag/documents/markdown.ts';
import { assertComplete, blocksOf } from '../../support/documents.ts';

const sample = `[ref]: https://example.com
Intro.

# Pumps & *pipes*

A paragraph
of two lines.

- one
  - two
- three

  still three

> # quoted

\`\`\`sh
# no heading

echo
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

Second
------

    indented

<div># raw</div>
`;

const parts = [
  'paragraph: [ref]: https://example.com\nIntro.', 'heading 1: # Pumps & *pipes*', 'paragraph: A paragraph\nof two lines.', 'item: - one', 'item: - two', 'item: - three', 'item: still three', 'paragraph: > # quoted',
  'code: ```sh\n# no heading\n\necho\n```', 'row: | a | b |\n|---|---|', 'row: | 1 | 2 |', 'heading 2: Second\n------', 'code: indented', 'paragraph: <div># raw</div>',
];

test('the blocks of Markdown are found where they stand, in a text that stays as it is', () => {
  const content = readMarkdown(sample);
  assert.equal(content.text, sample);
  assert.deepEqual(blocksOf(content), parts);
  assertComplete(content);
});

test('line ends of Windows and of old Macs count as they stand', () => {
  for (const lineEnd of ['\r\n', '\r']) {
    const content = readMarkdown(sample.replaceAll('\n', lineEnd));
    assert.deepEqual(blocksOf(content), parts.map((part) => part.replaceAll('\n', lineEnd)));
    assertComplete(content);
  }
});

test('headings say their text without marks, and no more than fits into a prompt', () => {
  const { blocks } = readMarkdown(`# A \`b\` [c](d) **e** #\n\n## ${'x'.repeat(1e4)}\n`);
  assert.deepEqual(blocks.map((block) => block.type === 'heading' && block.text), ['A b c e', 'x'.repeat(200)]);
});

test('the title is that of the front matter, else the first heading of level 1', () => {
  const titles = ['## B\n\n# A\n\n# C', '---\ntitle: "The: title"\ntags: [x]\n---\n# A', '---\r\ntitle: T\r\n---\r\n', '---\nx: 1\n---\n# A', '## B', '', '---\ntitle:\n---\n# A'].map((text) => readMarkdown(text).title);
  assert.deepEqual(titles, ['A', 'The: title', 'T', 'A', undefined, undefined, 'A']);
});

test('front matter is no heading', () => {
  const content = readMarkdown('---\ntitle: T\n---\n\n# A\n');
  assert.deepEqual(blocksOf(content), ['paragraph: ---\ntitle: T\n---', 'heading 1: # A']);
  assert.deepEqual(blocksOf(readMarkdown('---\n\nText.\n')), ['paragraph: ---\n\nText.']);
});

test('a long text is read part by part, and no block is torn', () => {
  const code = '```\n# no heading\n\ncode\n```\n\n';
  const content = readMarkdown(`# A\n\n${'word '.repeat(199_990)}\n\n${code.repeat(2_000)}${'- item\n'.repeat(50_000)}\n# B\n`);
  assertComplete(content);
  const counts = Map.groupBy(content.blocks, ({ type }) => type);
  assert.deepEqual(['heading', 'paragraph', 'code', 'item'].map((type) => counts.get(type as 'code')?.length), [2, 1, 2_000, 50_000]);
  for (const { start, end } of counts.get('code') ?? []) assert.equal(content.text.slice(start, end), code);
});

test('any Markdown has blocks without gaps', () => {
  const lines = fc.constantFrom('# a', '## ', 'text', '', '  ', '- item', '   - deep', '1. x', '> q', '```', '~~~', '| a | b |', '|---|---|', '---', '===', '    code', '<div>', '<!--', '[a]: b', '\t', '\u2028', '***', '[', '\\');
  const texts = fc.array(fc.oneof({ weight: 9, arbitrary: lines }, fc.string({ unit: 'binary' })), { maxLength: 30 });
  fc.assert(fc.property(texts, fc.constantFrom('\n', '\r\n', '\r'), (all, lineEnd) => assertComplete(readMarkdown(all.join(lineEnd)))), { numRuns: 500 });
});
