import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildEditor } from '../../scripts/build/editor.ts';
import { buildLocales } from '../../scripts/build/locales.ts';
import { buildPage } from '../../scripts/build/page.ts';

const sources = {
  'editor/limits.html': '<p>the $1 fields</p>\n',
  'editor/color.ts': "export const color = 'red </script>';\n",
  'editor/locales/en-US/shared.json': '{"limits":{"retries":"Retries","queue":"Queue"}}',
  'editor/locales/en-US/limits.html': '<dt>Retries</dt>\n',
  'echo/editor.ts':
    "import { color } from '../editor/color.ts';\nRED.nodes.registerType('llm-echo', { category: 'ai', color });\ndeclare const RED: any;\n",
  'echo/echo.html': '<script type="text/html" data-template-name="llm-echo">\n  <!-- include: limits -->\n</script>\n',
  'echo/locales/en-US/echo.json': '{"echo":{"label":"Echo"},"limits":{"queue":"Waiting"}}',
  'echo/locales/en-US/echo.html': '<dl>\n  <!-- include: limits -->\n</dl>\n',
  'bare/editor.ts': '',
  'bare/bare.html': '<!-- include: nowhere -->\n',
  'bare/locales/en-US/bare.json': '{',
  'page/page.html': '<script type="module" src="chat/page.js"></script>\n',
  'page/page.ts': "import { greeting } from './greeting.ts';\ndocument.title = greeting;\n",
  'page/greeting.ts': "export const greeting: string = 'Grüße';\n",
  'page/page.css': "@import './colors.css';\np { color: red }\n",
  'page/colors.css': 'h1 { color: blue }\n',
  'page/icon.svg': '<svg/>\n',
  'page/tsconfig.json': '{}',
};

describe('The build of a node folder', () => {
  let folder: string;
  const from = (name: string) => join(folder, name);
  const to = (name: string) => join(folder, 'dist', name);
  const read = (path: string) => readFile(to(path), 'utf8');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'build-test-'));
    for (const [path, text] of Object.entries(sources)) {
      await mkdir(dirname(from(path)), { recursive: true });
      await writeFile(from(path), text);
    }
    await buildEditor(from('echo'), to('echo'), from('editor'));
    await buildLocales(from('echo'), to('echo'), from('editor'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  test('puts a script with all that it imports before the templates', async () => {
    const html = await read('echo/echo.html');
    assert.match(html, /^<script type="text\/javascript">[^]*<\/script>\n\n<script type="text\/html"/);
    assert.doesNotMatch(html, /\bimport\b/);
  });

  test('keeps the call of registerType readable', async () => {
    assert.match(await read('echo/echo.html'), /registerType\("llm-echo", \{ category: "ai", color \}\)/);
  });

  test('lets no text of the script end it early', async () => {
    assert.equal((await read('echo/echo.html')).match(/<\/script>/g)?.length, 2);
  });

  test('includes shared parts in templates and help', async () => {
    assert.match(await read('echo/echo.html'), /\n<p>the \$1 fields<\/p>\n<\/script>/);
    assert.equal(await read('echo/locales/en-US/echo.html'), '<dl>\n<dt>Retries</dt>\n</dl>\n');
  });

  test('completes the catalogue with the shared texts, where the node has none of its own', async () => {
    assert.deepEqual(JSON.parse(await read('echo/locales/en-US/echo.json')), {
      echo: { label: 'Echo' },
      limits: { retries: 'Retries', queue: 'Waiting' },
    });
  });

  test('fails on a shared part that is not there', async () => {
    await assert.rejects(buildEditor(from('bare'), to('bare'), from('editor')), /nowhere\.html/);
  });

  test('names a catalogue that is no JSON', async () => {
    await assert.rejects(buildLocales(from('bare'), to('bare'), from('editor')), /bare\.json: /);
  });

  test('makes one script and one style sheet of the chat page', async () => {
    await buildPage(from('page'), to('page'));
    assert.deepEqual((await readdir(to('page'))).sort(), ['icon.svg', 'page.css', 'page.html', 'page.js']);
    assert.equal(await read('page/page.html'), sources['page/page.html']);
    const script = await read('page/page.js');
    assert.match(script, /Grüße/);
    assert.doesNotMatch(script, /\bimport\b|: string/);
    assert.match(await read('page/page.css'), /blue[^]*red/);
    assert.doesNotMatch(await read('page/page.css'), /@import/);
  });
});
