import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateTokenCount } from 'tokenx';
import { type Block, withoutGaps } from '../../../nodes/rag/documents/document.ts';
import { readMarkdown } from '../../../nodes/rag/documents/markdown.ts';
import { readPlain } from '../../../nodes/rag/documents/plain.ts';
import { defaultSplitOptions, type SplitOptions } from '../../../nodes/rag/passages/settings.ts';
import { splitDocument } from '../../../nodes/rag/passages/split.ts';

function split(markdown: string, maxTokens: number, overlapTokens = 0): string[] {
  return splitDocument(readMarkdown(markdown), { maxTokens, overlapTokens }).map(({ text }) => text);
}

function headed(markdown: string, options: SplitOptions): Array<[text: string, headings: string]> {
  return splitDocument(readMarkdown(markdown), options).map(({ text, headings }) => [text, headings.join(' > ')]);
}

/** Sentences of ten tokens each. */
function sentences(count: number, from = 1): string {
  return Array.from({ length: count }, (_, index) => `The pump number ${String(from + index).padStart(3, '0')} needs some more fresh oil.`).join(' ');
}

const large = sentences(8);

test('the measure of these tests: a sentence has ten tokens', () => {
  assert.deepEqual([1, 8].map((count) => estimateTokenCount(sentences(count))), [10, 80]);
});

test('blocks that fit together are one passage, and a block that does not fit begins the next one', () => {
  const [a, b, c] = [sentences(4, 1), sentences(4, 5), sentences(4, 9)];
  assert.deepEqual(split(`${a}\n\n${b}\n\n${c}\n`, 100), [`${a}\n\n${b}`, c]);
});

test('a paragraph that is too large is divided between sentences', () => {
  assert.deepEqual(split(sentences(10), 42), [sentences(4), sentences(4, 5), sentences(2, 9)]);
  assert.deepEqual(split(sentences(4).replaceAll('needs ', 'needs\n'), 27), [sentences(2), sentences(2, 3)].map((text) => text.replaceAll('needs ', 'needs\n')));
});

test('a long paragraph is divided between sentences all along', () => {
  assert.deepEqual(split(sentences(120), 38), Array.from({ length: 40 }, (_, index) => sentences(3, 3 * index + 1)));
});

test('a passage begins with the last whole sentences of the one before', () => {
  assert.deepEqual(split(sentences(8), 42, 21), [sentences(4), sentences(4, 3), sentences(4, 5)]);
  assert.deepEqual(split(sentences(8), 42, 19), [sentences(4), sentences(4, 4), sentences(2, 7)]);
  assert.deepEqual(split(sentences(8), 42, 9), [sentences(4), sentences(4, 5)]);
});

test('an overlap gives way to a block that fits only without it', () => {
  const [a, b] = [sentences(4), sentences(4, 5)];
  assert.deepEqual(split(`${a}\n\n${b}`, 45, 20), [a, b]);
  assert.deepEqual(split(`${a}\n\n${b}`, 55, 20), [a, `${sentences(1, 4)}\n\n${b}`]);
});

test('a section begins a passage, without an overlap, and each passage knows the headings above it', () => {
  const markdown = `# A\n\n${large}\n\n## B\n\n${sentences(10, 20)}\n\n# C\n\n${large}\n`;
  assert.deepEqual(headed(markdown, { maxTokens: 90, overlapTokens: 10 }), [
    [`# A\n\n${large}`, 'A'],
    [`## B\n\n${sentences(8, 20)}`, 'A > B'],
    [sentences(3, 27), 'A > B'],
    [`# C\n\n${large}`, 'C'],
  ]);
});

test('what stands before the first heading has none', () => {
  assert.deepEqual(headed('Intro.\n\n# A\n\nText.', defaultSplitOptions), [['Intro.', ''], ['# A\n\nText.', 'A']]);
});

test('a heading with nothing below it joins the first section below, however large', () => {
  assert.deepEqual(headed(`# A\n\n## B\n\n${large}\n`, { maxTokens: 60, overlapTokens: 0 }), [[`# A\n\n## B\n\n${sentences(5)}`, 'A > B'], [sentences(3, 6), 'A > B']]);
});

test('a tiny section joins one below it where both are one passage, and says the headings above both', () => {
  assert.deepEqual(headed(`# A\n\nTiny.\n\n## B\n\n${large}\n`, { maxTokens: 100, overlapTokens: 0 }), [[`# A\n\nTiny.\n\n## B\n\n${large}`, 'A']]);
  assert.deepEqual(headed(`# A\n\nTiny.\n\n## B\n\n${large}\n`, { maxTokens: 85, overlapTokens: 0 }), [['# A\n\nTiny.', 'A'], [`## B\n\n${large}`, 'A > B']]);
});

test('tiny sections beside each other are joined; larger ones, and those of another chapter, are not', () => {
  const joined = headed('# A\n\n## B\n\nOne.\n\n## C\n\nTwo.\n\n# D\n\nThree.', { maxTokens: 100, overlapTokens: 0 });
  assert.deepEqual(joined, [['# A\n\n## B\n\nOne.\n\n## C\n\nTwo.', 'A'], ['# D\n\nThree.', 'D']]);
  assert.deepEqual(headed('# A\n\n## B\n\nOne.\n\n# D\n\nThree.', { maxTokens: 100, overlapTokens: 0 }).map(([text]) => text), ['# A\n\n## B\n\nOne.', '# D\n\nThree.']);
  const apart = headed(`# A\n\n${sentences(2)}\n\n# B\n\n${sentences(2)}`, { maxTokens: 100, overlapTokens: 0 });
  assert.deepEqual(apart.map(([, headings]) => headings), ['A', 'B']);
});

test('code and rows are not divided where they fit', () => {
  const code = `\`\`\`\n${'let pump = oil;\n\n'.repeat(5)}\`\`\``;
  assert.deepEqual(split(`${sentences(4)}\n\n${code}\n\n${sentences(4)}`, 60), [sentences(4), code, sentences(4)]);
  // An overlap takes all of it or nothing.
  assert.deepEqual(split(`${code}\n\n${sentences(4)}`, 60, 20), [code, sentences(4)]);
  const rows = Array.from({ length: 6 }, (_, index) => `| pump ${index} | oil |`);
  for (const passage of split(`| a | b |\n|---|---|\n${rows.join('\n')}\n`, 24, 8)) assert.match(passage, /^\|[^]*\|$/);
});

test('code that is larger than a passage is divided between lines', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `let pump${index} = oil;`);
  const passages = split(`\`\`\`\n${lines.join('\n')}\n\`\`\``, 30);
  assert.ok(passages.length > 1);
  assert.deepEqual(passages.join('\n').split('\n'), ['```', ...lines, '```']);
});

test('a heading is not left alone only because the paragraph below it fits a passage by itself', () => {
  assert.deepEqual(split(`# A\n\n${sentences(4)}`, 41), [`# A\n\n${sentences(3)}`, sentences(1, 4)]);
});

test('no passage goes over a page, and each says its page', () => {
  const pages = ['One.', 'Two. Three.', 'Four.'];
  const text = `${pages.join('\n\n')}\n`;
  const blocks = pages.map((page, index): Block => ({ type: 'paragraph', start: text.indexOf(page), end: 0, page: index + 7 }));
  const passages = splitDocument({ text, blocks: withoutGaps(blocks, text.length) }, defaultSplitOptions);
  assert.deepEqual(passages.map((passage) => [passage.page, passage.text]), [[7, 'One.'], [8, 'Two. Three.'], [9, 'Four.']]);
});

test('what has no blanks is divided between characters', () => {
  for (const text of ['a'.repeat(1000), '中'.repeat(1000), '😀'.repeat(500), `x${'e\u0301'.repeat(500)}`]) {
    const passages = split(text, 50);
    assert.equal(passages.join(''), text);
    for (const passage of passages) assert.match(passage, /^(?!\p{M})\P{Surrogate}+$/u);
  }
});

test('a part of a word counts for no less than it does in a passage', () => {
  for (const passage of split(`中${'a'.repeat(124)}`, 100)) assert.ok(estimateTokenCount(passage) <= 100);
});

test('an overlap alone is no passage', () => {
  const [a, b] = [sentences(4), sentences(4, 5)];
  const passages = splitDocument(readPlain(`${a}\n${' '.repeat(100)}\n${b}`), { maxTokens: 70, overlapTokens: 20 });
  assert.deepEqual(passages.map(({ text }) => text), [a, b]);
});

test('a passage holds no desert of blanks', () => {
  const passages = splitDocument(readPlain(`a${' '.repeat(1e5)}b\n${'\t\n'.repeat(3)}\nc`), defaultSplitOptions);
  assert.deepEqual(passages.map(({ text }) => text), ['a', 'b\n\t\n\t\n\t\n\nc']);
});

test('blanks alone are no passage', () => {
  for (const text of ['', ' \n\n\t']) assert.deepEqual(splitDocument(readPlain(text), defaultSplitOptions), []);
});
