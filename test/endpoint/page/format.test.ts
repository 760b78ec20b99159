/** The formatter of the chat page: a few marks of Markdown, and everything else as text. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Block, type BlockContent, formatText } from '../../../nodes/endpoint/page/format.ts';
import { formatInline, type Inline, safeUrl } from '../../../nodes/endpoint/page/inline.ts';

type Content = BlockContent | { kind: 'list'; items: Content[][] };

/** The tree without the lines it was made of. */
function tree(text: string): Content[] {
  return formatText(text).map(withoutSource);
}

function withoutSource(block: Block): Content {
  const { source, ...content } = block;
  assert.notEqual(source, '');
  return content.kind === 'list' ? { ...content, items: content.items.map((item) => item.map(withoutSource)) } : content;
}

const text = (text: string): Inline => ({ kind: 'text', text });
const paragraph = (...parts: Inline[]): Content => ({ kind: 'paragraph', parts });
const link = (url: string, label = url): Inline => ({ kind: 'link', url, parts: [text(label)] });

describe('blocks', () => {
  it('are paragraphs, headings, rules and code', () => {
    assert.deepEqual(tree('One\ntwo\n\n## Three ##\n---\n```ts x\n  a < b\n\n**c**\n```\nend'), [
      paragraph(text('One\ntwo')),
      { kind: 'heading', level: 2, parts: [text('Three')] },
      { kind: 'rule' },
      { kind: 'code', language: 'ts x', text: '  a < b\n\n**c**' },
      paragraph(text('end')),
    ]);
  });

  it('are lists with lists and code in them', () => {
    const one = (ordered: boolean, start: number, ...items: Content[][]): Content => ({ kind: 'list', ordered, start, items });
    assert.deepEqual(tree('Do:\n3. a\n   ```\n   x\n     y\n   ```\n4. b\n   - c\n   - d\n\n   more\nend'), [
      paragraph(text('Do:\n3. a')),
      { kind: 'code', language: '', text: 'x\n  y' },
      one(true, 4, [paragraph(text('b')), one(false, 1, [paragraph(text('c'))], [paragraph(text('d'))]), paragraph(text('more'))]),
      paragraph(text('end')),
    ]);
  });

  it('end a code block that is still coming with the text', () => {
    assert.deepEqual(tree('````\n```\nx'), [{ kind: 'code', language: '', text: '```\nx' }]);
  });

  it('do not take a year for a list', () => {
    assert.deepEqual(tree('It was in\n1986. Or later.'), [paragraph(text('It was in\n1986. Or later.'))]);
  });
});

describe('marks in a line', () => {
  it('are code, bold, italic and links', () => {
    assert.deepEqual(formatInline('a `b **c**` **d *e*** *f* [g](https://h.example/i_(j)) https://k.example/l.'), [
      text('a '),
      { kind: 'code', text: 'b **c**' },
      text(' '),
      { kind: 'bold', parts: [text('d '), { kind: 'italic', parts: [text('e')] }] },
      text(' '),
      { kind: 'italic', parts: [text('f')] },
      text(' '),
      link('https://h.example/i_(j)', 'g'),
      text(' '),
      { kind: 'link', url: 'https://k.example/l', parts: [text('https://k.example/l')] },
      text('.'),
    ]);
  });

  it('are text where they mark nothing', () => {
    for (const plain of ['2 * 3 * 4', '2*3*4', 'a ** b', '**', '****', '`', '[a](b', '[a]', 'snake_case_name', '* ', 'https://']) {
      assert.deepEqual(formatInline(plain), [text(plain)], plain);
    }
    assert.deepEqual(formatInline('2 \\* 3'), [text('2 * 3')]);
  });

  it('make no link of another link', () => {
    assert.deepEqual(formatInline('[https://a.example](https://b.example/)'), [link('https://b.example/', 'https://a.example')]);
  });
});

describe('hostile text', () => {
  it('gets no address but of the web', () => {
    const bad = ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', '//a.example', '/a', 'blob:x'];
    for (const url of [...bad, 'https://bank.example@evil.example', ' javascript:x', 'java\nscript:x', 'http:', '']) assert.equal(safeUrl(url), undefined, url);
    for (const url of bad) assert.ok(!JSON.stringify(formatText(`[a](${url})`)).includes('"link"'), url);
  });

  it('keeps HTML as it is written', () => {
    const html = '<script>alert(1)</script><img src=x onerror=alert(1)>';
    assert.deepEqual(tree(html), [paragraph(text(html))]);
  });

  it('never gains a word, nor loses one', () => {
    const pieces = fc.constantFrom('a', 'b ', ' ', '\n', '\n\n', '*', '**', '`', '```', '- ', '1. ', '  ', '#', '[', '](', ')', 'https://c.example/)', '<i>', '\\', '\t');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (list) => {
        const written = list.join('');
        assert.equal(words(JSON.stringify(tree(written))), words(written));
      }),
      { numRuns: 2000 },
    );
  });

  it('is read in a time that grows with its length', () => {
    const unit = ['*a ', '**a ', '`'.repeat(3), '` ``', '[', '[a](', '[a](https://', '- ', '  - ', '> ', 'http://', 'http://a@', '\\*', ' ', '```\n', '1. a\n', '\n', '\u2028', '_ '];
    for (const piece of unit) {
      const started = performance.now();
      formatText(piece.repeat(Math.ceil(200_000 / piece.length)));
      formatText(`- ${piece.repeat(Math.ceil(200_000 / piece.length))}x\u2028`);
      const took = performance.now() - started;
      assert.ok(took < 1500, `${JSON.stringify(piece)} took ${Math.round(took)} ms`);
    }
  });
});

describe('a growing text', () => {
  it('keeps the blocks before the last', () => {
    const whole = 'One *two*\n\n- a\n- b\n\n```js\ncode\n```\n\nThe end';
    const complete = formatText(whole);
    for (let length = 1; length < whole.length; length++) {
      const blocks = formatText(whole.slice(0, length));
      assert.deepEqual(blocks.slice(0, -1), complete.slice(0, blocks.length - 1), whole.slice(0, length));
    }
  });
});

/** The letters that a reader sees, in their order. */
function words(text: string): string {
  return text.replaceAll(/"(?:kind|url)":"[^"]*"|"[a-z]+":|true|false|\\n|https:\/\/c\.example\//g, '').replaceAll(/[^abi]/g, '');
}
