/** What holds for the passages of any document, and that splitting takes linear time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { estimateTokenCount } from 'tokenx';
import type { Content } from '../../../nodes/rag/documents/document.ts';
import { readMarkdown } from '../../../nodes/rag/documents/markdown.ts';
import { readPlain } from '../../../nodes/rag/documents/plain.ts';
import type { Passage } from '../../../nodes/rag/passages/passage.ts';
import { defaultSplitOptions, type SplitOptions } from '../../../nodes/rag/passages/settings.ts';
import { splitDocument } from '../../../nodes/rag/passages/split.ts';

function check({ text }: Content, passages: readonly Passage[], { maxTokens }: SplitOptions): void {
  let covered = 0;
  for (const [at, { start, end, text: said }] of passages.entries()) {
    assert.equal(said, text.slice(start, end));
    assert.equal(said.trim(), said);
    assert.notEqual(said, '');
    assert.ok(estimateTokenCount(said) <= maxTokens, `${estimateTokenCount(said)} tokens`);
    assert.equal(said.isWellFormed(), true);
    const before = passages[at - 1];
    assert.ok(!before || (start > before.start && end > before.end), 'A passage is within another one.');
    if (start > covered) assert.equal(text.slice(covered, start).trim(), '');
    covered = end;
  }
  assert.equal(text.slice(covered).trim(), '');
}

const words = fc.constantFrom('pump', 'oil', 'a', 'maintenance', 'Ölwanne', 'насос', 'مضخة', '水泵需要油。', '油を', '펌프', '😀', '👩‍🔧', 'e\u0301', '3.14', '1234567', 'snake_case', 'https://example.com/a?b=c', 'What?', 'End.', '“Yes!”', '|', '***', '\u00A0', '\u2028', 'x'.repeat(90), '中'.repeat(70), '='.repeat(80), `${'a'.repeat(70)}é`);
const sentence = fc.array(words, { maxLength: 40 }).map((all) => all.join(' '));
const line = fc.oneof(
  { weight: 4, arbitrary: sentence },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('# ', '## ', '### ', '- ', '  - ', '1. ', '> ', '    '), sentence).map((all) => all.join('')) },
  fc.constantFrom('', '', '```', '| a | b |', '|---|---|', '| 1 | 2 |', '---', '   ', ' '.repeat(200)),
  sentence.map((all) => all.replaceAll(' ', '')),
);
const texts = fc.array(line, { maxLength: 40 }).map((lines) => lines.join('\n'));
const options = fc.tuple(fc.integer({ min: 16, max: 120 }), fc.nat(60)).map(([maxTokens, overlapTokens]) => ({ maxTokens, overlapTokens }));

for (const read of [readMarkdown, readPlain]) {
  test(`passages of any text are slices of it, hold all of it, and are no larger than they may be (${read.name})`, () => {
    fc.assert(
      fc.property(texts, options, (text, how) => {
        const content = read(text);
        const passages = splitDocument(content, how);
        check(content, passages, how);
        assert.deepEqual(splitDocument(read(text), how), passages);
      }),
      { numRuns: 300 },
    );
  });
}

const nasty: Record<string, Content> = {
  'a million short lines': readPlain('ab\n'.repeat(1e6)),
  'many short paragraphs': readPlain('ab\n\n'.repeat(3e5)),
  'one line of 10 MB without a blank': readPlain('abcde'.repeat(2e6)),
  'a million times a': readMarkdown('a'.repeat(1e6)),
  'many dots': readPlain('. '.repeat(1e5)),
  'a million blanks': readPlain(`a${' '.repeat(1e6)}b`),
  'a million blank lines in code': readMarkdown(`\`\`\`\na${'\n'.repeat(1e6)}b\n\`\`\``),
  'a million marks on one letter': readPlain(`a${'\u0301'.repeat(1e6)}`),
  'many headings': readMarkdown('# ab\n'.repeat(2e4)),
  'a list within a list within a list': readMarkdown(Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(2 * depth)}- a\n`).join('')),
  'a large table': readMarkdown(`| a | b |\n|---|---|\n${'| one | two |\n'.repeat(5e4)}`),
};
for (const [name, content] of Object.entries(nasty)) {
  test(`${name}: split in linear time`, { timeout: 30_000 }, () => {
    const passages = splitDocument(content, defaultSplitOptions);
    const some = passages.filter((_, at) => at % Math.ceil(passages.length / 1000) === 0);
    for (const { text, start, end } of some) {
      assert.equal(text, content.text.slice(start, end));
      assert.ok(estimateTokenCount(text) <= defaultSplitOptions.maxTokens);
    }
    assert.equal(content.text.slice(passages.at(-1)?.end).trim(), '');
  });
}
