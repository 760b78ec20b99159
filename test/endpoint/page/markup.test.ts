/** Markdown on the chat page: what GitHub's flavour marks is formatted, and everything else is text. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { safeUrl } from '../../../nodes/endpoint/page/markdown.ts';
import { elementsIn, inTags, readWhole, textIn } from '../../support/markup.ts';

const read = (text: string) => inTags(readWhole(text));

describe('blocks', () => {
  it('are paragraphs, headings, rules and code', () => {
    assert.equal(
      read('One\ntwo\n\n## Three ##\n\n### Four\n\n---\n```ts\n  a < b\n\n**c**\n```\nend'),
      '<p>One\ntwo</p><h3>Three</h3><h4>Four</h4><hr></hr>' +
        '<div class=code><div class=code-bar><span>ts</span><button>Copy code</button></div><pre><code>  a < b\n\n**c**</code></pre></div><p>end</p>',
    );
  });

  it('are lists with lists, code and tasks in them', () => {
    assert.equal(
      read('Do:\n\n3. a\n4. b\n   - c\n     - d\n\n   more\n\n- [ ] to do\n- [x] done\n- [y] neither'),
      '<p>Do:</p><ol start=3><li><p>a</p></li><li><p>b</p><ul><li><p>c</p><ul><li><p>d</p></li></ul></li></ul><p>more</p></li></ol>' +
        '<ul><li><p><input></input>to do</p></li><li><p><input checked=></input>done</p></li><li><p>[y] neither</p></li></ul>',
    );
  });

  it('are quotes, and quotes in quotes', () => {
    assert.equal(read('> one\n> > two\n>\n> - three'), '<blockquote><p>one</p><blockquote><p>two</p></blockquote><ul><li><p>three</p></li></ul></blockquote>');
  });

  it('are tables with alignments and marks in their cells', () => {
    assert.equal(
      read('| a | b |\n|:-:|--:|\n| **1** | `2` |\n| 3 |'),
      '<div class=table><table><thead><tr><th class=center>a</th><th class=right>b</th></tr></thead>' +
        '<tbody><tr><td class=center><strong>1</strong></td><td class=right><code>2</code></td></tr><tr><td class=center>3</td><td class=right></td></tr></tbody></table></div>',
    );
  });

  it('do not take a year for a list', () => {
    assert.equal(read('It was in\n1986. Or later.'), '<p>It was in\n1986. Or later.</p>');
  });

  it('are text where they are nested too deep, with no word lost', () => {
    for (const mark of ['> ', '- ', '1. ']) assert.equal(textIn(readWhole(`${mark.repeat(300)}end`)).endsWith('end'), true, mark);
  });
});

describe('marks in a line', () => {
  it('are code, all emphasis, strikethrough and links', () => {
    assert.equal(
      read('`a **b**` *c* _d_ **e** __f__ ***g*** ~~h~~ [i](https://j.example/k_(l) "title") <https://m.example/> https://n.example/o. me@p.example  \nq'),
      '<p><code>a **b**</code> <em>c</em> <em>d</em> <strong>e</strong> <strong>f</strong> <em><strong>g</strong></em> <s>h</s> <a href=https://j.example/k_(l)>i</a> ' +
        '<a href=https://m.example/>https://m.example/</a> <a href=https://n.example/o>https://n.example/o</a>. me@p.example<br></br>q</p>',
    );
  });

  it('are text where they mark nothing', () => {
    for (const plain of ['2 * 3 * 4', 'a ** b', '`', '[a](b', '[a]', 'snake_case_name', 'https://', 'See [1] and [2, 3].', 'README.md']) assert.equal(read(plain), `<p>${plain}</p>`);
  });

  it('make links open a page of their own, which learns nothing', () => {
    const [link] = [...elementsIn(readWhole('[a](https://b.example)'))].filter(({ tag }) => tag === 'a');
    assert.deepEqual(link?.attributes, { href: 'https://b.example/', target: '_blank', rel: 'noopener noreferrer nofollow', title: 'https://b.example/' });
  });

  it('show the words of links that lead nowhere from here, and link images instead of loading them', () => {
    assert.equal(read('[Limits](limits.md#retries) ![a cat](https://c.example/cat.png) [![d](https://e.example/d.png)](https://f.example)'), '<p><span>Limits</span> <a href=https://c.example/cat.png>a cat</a> <a href=https://f.example/><span>d</span></a></p>');
  });
});

describe('hostile text', () => {
  const scripts = ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'javascript&colon;alert(1)', 'java&#115;cript:alert(1)', '&#x6A;avascript:alert(1)', 'java&Tab;script:alert(1)', '\u0001javascript:alert(1)', 'data:text/html,x', 'data:image/png;base64,x', 'vbscript:x', 'file:///etc/passwd', 'blob:x', '//a.example', '\\\\a.example', '/\\a.example'];
  const forms = [(url: string) => `[a](${url})`, (url: string) => `[a](<${url}>)`, (url: string) => `<${url}>`, (url: string) => `![a](${url})`, (url: string) => `[a]\n\n[a]: ${url}`, (url: string) => url, (url: string) => `[![a](${url})](${url})`];

  it('gets no address but of the web', () => {
    for (const url of [...scripts, ' javascript:x', 'java\nscript:x', 'http:', '', 'x.md', '#a']) assert.equal(safeUrl(url), undefined, url);
    for (const form of forms) {
      for (const url of scripts) assert.deepEqual([...elementsIn(readWhole(form(url)))].filter(({ attributes }) => 'href' in attributes).map(({ attributes }) => attributes['href']?.slice(0, 8)), [], form(url));
    }
  });

  it('cannot disguise an address by a name before it', () => {
    for (const url of ['https://bank.example@evil.example', 'https://a:b@evil.example/bank.example']) {
      assert.equal(safeUrl(url), undefined);
      for (const form of forms) for (const { attributes } of elementsIn(readWhole(form(url)))) assert.ok(!new URL(attributes['href'] ?? 'https://bank.example').host.includes('evil'), form(url));
    }
  });

  it('keeps HTML as it is written', () => {
    for (const html of ['<script>alert(1)</script><img src=x onerror=alert(1)>', '<b>a</b>', '<!-- a -->', '<?php ?>', '<a href="javascript:x">a</a>', '<style>*{}</style>']) {
      assert.equal(textIn(readWhole(html)), html);
      assert.equal(textIn(readWhole(`- > ${html}`)), html);
    }
  });

  const pieces = fc.constantFrom('a', 'b ', ' ', '\n', '\n\n', '*', '**', '_', '~~', '`', '```', '- ', '1. ', '[ ] ', '> ', '  ', '#', '|', '\n|-|\n', '[', '](', ')', '!', 'https://c.example/)', '<i>', '&lt;', 'javascript:x', '\\', '\t');
  const texts = fc.array(pieces, { maxLength: 40 }).map((list) => list.join(''));

  it('makes no attribute but those of this page', () => {
    const allowed = new Set(['href', 'target', 'rel', 'title', 'start', 'class', 'type', 'disabled', 'checked', 'aria-label', 'tabindex', 'role']);
    fc.assert(fc.property(texts, (text) => [...elementsIn(readWhole(text))].every(({ attributes }) => Object.keys(attributes).every((name) => allowed.has(name)))), { numRuns: 2000 });
  });

  it('never gains a word, nor loses one but in the address of a link', () => {
    // An address between brackets is seen when the pointer is over the link.
    const plain = texts.filter((text) => !text.includes(']') && !text.includes('|') && !text.includes('```'));
    const words = (text: string) => text.replaceAll(/&lt;|<i>|https:\/\/c\.example\/|javascript:x/g, '').replaceAll(/[^ab]/g, '');
    fc.assert(fc.property(plain, (text) => assert.equal(words(textIn(readWhole(text))), words(text))), { numRuns: 2000 });
  });

  it('is read in a time that grows with its length', () => {
    const units = ['*a ', '**a ', '```', '` ``', '[', '[a](', '[a](https://', '- ', '  - ', '> ', 'http://', 'http://a@', '\\*', ' ', '```\n', '1. a\n', '\n', '\u2028', '_ ', '|', '|-', '~~a ', '![', '<', '&', 'a@'];
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(40_000 / unit.length));
      const started = process.cpuUsage();
      readWhole(text);
      readWhole(`- ${text}x\u2028`);
      // Half a second on a slow machine; what grows with the square takes a minute.
      assert.ok(process.cpuUsage(started).user < 5_000_000, JSON.stringify(unit));
    }
  });
});
