/** An answer that is coming: what has been shown stays as it is, and no mark is seen before it is clear what it marks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GrowingText } from '../../../nodes/endpoint/page/growing-text.ts';
import type { Markup } from '../../../nodes/endpoint/page/markup.ts';
import { inTags, readWhole, textIn } from '../../support/markup.ts';

/** Shows a text piece by piece, as the page does, and gives what stood there after each. */
function* grow(pieces: Iterable<string>): Generator<{ shown: Markup[]; from: number; text: string }> {
  const growing = new GrowingText();
  let shown: Markup[] = [];
  let text = '';
  for (const piece of pieces) {
    text += piece;
    const { from, blocks } = growing.read(text, false);
    shown = [...shown.slice(0, from), ...blocks];
    yield { shown, from, text };
  }
}

const sample = `## A title with **bold**

Some *em*, **bold**, ***both***, \`code with | and *\`, ~~gone~~ and __more__; a [link](https://a.example/x_(y)) and https://b.example/z. See [1] and [2, 3].

| property | default | what |
|:--|--:|:-:|
| \`a\` | 3 | **bold** cell |
| b | | [l](https://c.example) |

Between.

- one
- **two** is
  1. in it
  2. \`inn\`

     | in | item |
     |---|---|
     | 1 | 2 |
- [ ] to do
- [x] done

> A quote with *em*
>
> - and a list
>
> | q | t |
> |---|---|
> | 1 | 2 |

~~~
tilde
~~~

\`\`\`js
let a = [1, **2**] | 3;
\`\`\`

---

A sentence
- with a list behind it

1986 was it.
`;

describe('A growing text', () => {
  it('is in the end what it would have been at once', () => {
    const growing = new GrowingText();
    for (let length = 1; length < sample.length; length += 7) growing.read(sample.slice(0, length), false);
    const { from, blocks } = growing.read(sample, true);
    assert.equal(from, 0);
    assert.equal(inTags(blocks), inTags(readWhole(sample)));
  });

  it('never shows a mark that turns into something else', () => {
    for (const { shown, text } of grow(sample)) {
      // In code every character is itself.
      const prose = textIn(withoutCode(shown));
      assert.doesNotMatch(prose, /[*`~|]|__|\]\(|\[[ x]?\]|\[$|#|:?--|^>|\[link|\[l\b/, `${JSON.stringify(text.slice(-40))} shows ${JSON.stringify(prose.slice(-60))}`);
    }
  });

  it('never changes the form of a block that is shown', () => {
    let before: string[] = [];
    for (const { shown, text } of grow(sample)) {
      const forms = shown.map((block) => (typeof block === 'string' ? 'text' : block.tag + (block.attributes['class'] ?? '')));
      assert.deepEqual(forms.slice(0, before.length), before, JSON.stringify(text.slice(-40)));
      before = forms;
    }
  });

  it('never takes back a word of prose', () => {
    let before = '';
    for (const { shown, text } of grow(sample)) {
      const words = textIn(shown).replaceAll(/\s/g, '');
      assert.ok(words.startsWith(before), `${JSON.stringify(text.slice(-40))}: ${words.slice(-30)} after ${before.slice(-30)}`);
      before = words;
    }
  });

  it('reads what is finished once', () => {
    const long = Array.from({ length: 50 }, (_, at) => `Paragraph ${at} with **words**.\n\n`).join('');
    let most = 0;
    let last = 0;
    for (const { shown, from } of grow(long)) {
      most = Math.max(most, shown.length - from);
      assert.ok(from >= last, 'what was finished is not begun again');
      last = from;
    }
    assert.ok(most <= 3 && last >= 48, `${most} at once, the first ${last} are finished`);
  });

  it('has the same finished blocks whatever the pieces are', () => {
    const pieces = fc.constantFrom('a', 'b ', '\n', '\n\n', '*', '**', '`', '```\n', '- ', '1. ', '> ', '    ', '# ', '| a |\n', '|-|\n', '[c]', '(https://d.example)', '---\n', '===\n', '<i>', '\r\n');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (list) => {
        let shown: Markup[] = [];
        let finished = 0;
        for (const step of grow(list)) {
          ({ shown } = step);
          finished = step.from;
        }
        const whole = readWhole(list.join(''));
        assert.deepEqual(shown.slice(0, finished), whole.slice(0, finished));
      }),
      { numRuns: 3000 },
    );
  });

  it('gives a link at its beginning the address from its end when it is whole', () => {
    const growing = new GrowingText();
    const text = 'See [the page][a].\n\nMore.\n\nEnd.\n\n[a]: https://a.example/\n';
    growing.read(text.slice(0, 40), false);
    growing.read(text, false);
    assert.match(inTags(growing.read(text, true).blocks), /<a href=https:\/\/a\.example\/>the page<\/a>/);
  });

  it('starts over with another text', () => {
    const growing = new GrowingText();
    growing.read('One.\n\nTwo.\n\nThree', false);
    assert.deepEqual(growing.read('Else.\n\nWhere', false).from, 0);
  });

  it('is read in a time that grows with its length', () => {
    for (const unit of ['*a ', '`` ', '[a](b', '[a', '- a\n', '| a |\n', '> ', '\\', '_a', '~~a ', '![', '\n\n', '**a** ']) {
      const text = unit.repeat(Math.ceil(40_000 / unit.length));
      const started = process.cpuUsage();
      new GrowingText().read(text, false);
      // Half a second on a slow machine; what grows with the square takes a minute.
      assert.ok(process.cpuUsage(started).user < 5_000_000, JSON.stringify(unit));
    }
  });
});

function withoutCode(markup: readonly Markup[]): Markup[] {
  const prose = markup.filter((one) => typeof one === 'string' || one.tag !== 'code');
  return prose.map((one) => (typeof one === 'string' ? one : { ...one, children: withoutCode(one.children) }));
}
