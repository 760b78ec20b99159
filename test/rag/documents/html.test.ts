import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHtml } from '../../../nodes/rag/documents/html.ts';
import { assertComplete, blocksOf, readOne, reasonOf } from '../../support/documents.ts';

test('scripts, styles and drawings are left out; what one reads stays, with its structure', () => {
  const content = readHtml(`<!doctype html><html><head><title>The
    page &amp; more</title><style>p { color: red }</style><script>alert(1)</script></head><body>
    <svg><title>Icon</title><text>drawn</text></svg><noscript>Turn it on</noscript><template>later</template>
    <h1>Pumps</h1><p>One <b>bold</b> word.<br>Next line.</p><ul><li>a<ul><li>b</li></ul></li></ul>
    <pre class="x">let a = 1;

# no heading \`\`\`</pre><img alt="A pump" src="data:image/png;base64,AAAA"></body></html>`);
  assert.equal(content.title, 'The page & more');
  assert.deepEqual(blocksOf(content), [
    'heading 1: # Pumps', 'paragraph: One **bold** word.\nNext line.', 'item: -   a', 'item: -   b', 'code: ````\nlet a = 1;\n\n# no heading ```\n````', 'paragraph: A pump',
  ]);
  assertComplete(content);
});

test('words keep their letters, and no text becomes a heading, a list or a rule', () => {
  const content = readHtml('<p>snake_case *stars* [x]</p><p># no heading</p><p>1. no list</p><p>- none</p><p>---</p>');
  assert.deepEqual(blocksOf(content), ['paragraph: snake_case *stars* [x]', 'paragraph: \\# no heading', 'paragraph: 1\\. no list', 'paragraph: \\- none', 'paragraph: \\---']);
});

test('a link keeps its address where that leads somewhere', () => {
  assert.equal(readHtml('<a href="https://example.com/a">out</a> <a href="/in">in</a> <a href="#x">here</a> <a name="x">anchor</a>').text, '[out](https://example.com/a) in here anchor');
});

test('a table of data has rows; a table that lays out a page has none', () => {
  const cell = '<tr><td>1</td><td><p>two</p><p>|</p></td></tr>';
  assert.deepEqual(blocksOf(readHtml(`<table><caption>Sizes</caption><thead><tr><th>a</th><th>b</th></tr></thead><tbody>${cell}</tbody></table>`)), ['paragraph: Sizes', 'row: | a | b |\n| --- | --- |', 'row: | 1 | two \\| |']);
  assert.deepEqual(blocksOf(readHtml(`<table>${cell}${cell}</table>`)), ['row: | 1 | two \\| |\n| --- | --- |', 'row: | 1 | two \\| |']);
  assert.deepEqual(blocksOf(readHtml(`<table><tr><td><h2>Menu</h2></td><td><table>${cell}</table></td></tr></table>`)), ['heading 2: ## Menu', 'row: | 1 | two \\| |\n| --- | --- |']);
});

test('the title is the page’s, else its first heading, else the file’s name', async () => {
  const titles = ['<title>T</title><h1>H</h1>', '<title> </title><h1>H</h1>', '<p>x</p>'].map(async (html) => (await readOne(html, 'a/page.html')).title);
  assert.deepEqual(await Promise.all(titles), ['T', 'H', 'page.html']);
});

test('a page is read in the encoding that it declares, or that it came with', async () => {
  const page = (meta: string) => Buffer.concat([Buffer.from(`<html><head>${meta}</head><p>`), Buffer.from([0x93, 0xfa, 0x96, 0x7b]), Buffer.from('</p>')]);
  const read = [readOne(page('<meta charset="shift_jis">')), readOne(page('<meta http-equiv="content-type" content="text/html; charset=Shift_JIS">')), readOne(page(''), 'x', 'text/html; charset=shift_jis')];
  assert.deepEqual((await Promise.all(read)).map(({ text }) => text), ['日本', '日本', '日本']);
});

test('pages of any depth and kind are read or refused', async () => {
  const deep = ['<div>'.repeat(1e5), `${'<q>'.repeat(2000)}x${'</q>'.repeat(2000)}`];
  for (const page of deep) assert.match(await reasonOf(readOne(page, 'x.html')), /nested too deeply/);
  assert.equal((await readOne('<div>a</div>'.repeat(2e3), 'x.html')).text.length, 2e3 * 3 - 2);
  assert.match(await reasonOf(readOne('<script>x</script>', 'x.html')), /There is no text in it/);
  assert.equal((await readOne('<p <b>a</p></i>&lt;&#0;', 'x.html')).text, 'a\n\n<\uFFFD');
});
