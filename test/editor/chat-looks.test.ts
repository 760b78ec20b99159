import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { launchBrowser, skipWithoutBrowser } from './browser.ts';
import { ChatPage, ChatServer, cites, finish, overloaded, thought, word } from './chat-page.ts';

describe('The chat page fits', { skip: skipWithoutBrowser }, () => {
  let browser: Browser;
  let server: ChatServer;

  before(async () => {
    browser = await launchBrowser();
    server = await ChatServer.start();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('into 90 kB, compressed, before the first answer', async () => {
    const folder = join(import.meta.dirname, '../../dist/endpoint/page');
    const sizes = (await readdir(folder)).map(async (file) => gzipSync(await readFile(join(folder, file))).length);
    const size = (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
    assert.ok(size < 90_000, `${size} bytes`);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [name, viewport] of Object.entries({ desk: { width: 1000, height: 860 }, phone: { width: 360, height: 740 } })) {
      test(`in ${colorScheme} on a ${name}`, async () => {
        const chat = await ChatPage.open(browser, server.url, { colorScheme, viewport, hasTouch: name === 'phone', isMobile: name === 'phone' });
        await chat.screenshot(`welcome-${name}-${colorScheme}`);
        await chat.page.getByLabel('Settings').click();
        await chat.screenshot(`settings-${name}-${colorScheme}`);
        await chat.page.keyboard.press('Escape');
        server.answer = (exchange) => exchange.events([thought('They want a short overview. A list and an example will do.'), word(longAnswer), finish, cites]);
        await chat.askAndWait('How do I keep a reading from the sensor that was taken last, and what happens on a restart?');
        await chat.answer.getByText('1 attempt failed before').click();
        await chat.screenshot(`answer-${name}-${colorScheme}`);
        server.answer = (exchange) => exchange.events([word('The flow file is kept in'), overloaded], { done: false });
        await chat.askAndWait('And the flow itself?');
        server.answer = (exchange) => exchange.startStream();
        await chat.ask('Is somebody there?');
        await chat.reads('Waiting for the answer');
        await chat.screenshot(`failed-${name}-${colorScheme}`);
        assert.ok(await chat.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'nothing is wider than the page');
        await chat.close();
        assert.deepEqual(chat.errors, [], 'the console stays free of errors');
      });
    }
  }
});

const longAnswer = `## Keeping the last reading

Use the **context** of the flow. It has three scopes:

1. \`node\`: seen by one node alone
2. \`flow\`: seen by every node of the tab
   - the usual choice for a reading
   - it is gone after a restart, unless kept in a file
3. \`global\`: seen by all

\`\`\`js
// In a function node, behind the sensor.
flow.set('reading', { value: msg.payload, at: Date.now() }, 'file', (error) => { if (error) node.error(error, msg); });
return msg;
\`\`\`

| where | kept | how long |
|---|:-:|--:|
| memory | no | until a **restart** |
| file | yes | for ever |

> A file is written every 30 seconds.

- [x] a sensor
- [ ] ~~a second one~~ _later_

More stands in the [guide to context](https://nodered.org/docs/user-guide/context).`;
