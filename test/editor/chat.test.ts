import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser, skipWithoutBrowser } from './browser.ts';
import { ChatPage, ChatServer, cites, event, finish, overloaded, report, thought, until, word } from './chat-page.ts';

describe('The chat page', { skip: skipWithoutBrowser }, () => {
  let browser: Browser;
  let server: ChatServer;
  let chat: ChatPage;

  before(async () => {
    browser = await launchBrowser();
  });

  after(() => browser?.close());

  beforeEach(async () => {
    server = await ChatServer.start();
    chat = await ChatPage.open(browser, server.url);
  });

  afterEach(async () => {
    await chat.close();
    await server.stop();
    assert.deepEqual(chat.errors, [], 'the console stays free of errors');
  });

  test('says below the answer what it cites, as text, with a link where there is a page', async () => {
    server.answer = (exchange) => exchange.events([word('Use the context [1], of the flow [2].'), finish, cites]);
    await chat.askAndWait('How do I keep a reading?');
    const sources = chat.answer.getByLabel('Sources').getByRole('listitem');
    assert.deepEqual(await sources.allInnerTexts(), ['[1] Working with context, page 4 https://nodered.org/docs/user-guide/context', '[2] Context <b>in</b> a flow › Scopes docs/context.md']);
    const link = chat.answer.getByRole('link');
    assert.deepEqual([await link.count(), await link.getAttribute('href'), await link.getAttribute('rel')], [1, 'https://nodered.org/docs/user-guide/context', 'noopener noreferrer nofollow']);
    await chat.page.reload();
    assert.equal(await chat.answer.getByLabel('Sources').getByRole('listitem').count(), 2, 'also when the page comes back');
  });

  test('streams token by token and then says who answered', async () => {
    const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    server.answer = async (exchange) => {
      exchange.startStream();
      await steps[0].promise;
      await exchange.write(': waiting\n\n');
      await steps[1].promise;
      await exchange.write(event(word('One')));
      await steps[2].promise;
      await exchange.write(event(word(' two')) + event(finish) + event(report));
      exchange.end('data: [DONE]\n\n');
    };
    await chat.ask('Count.');
    await chat.reads('Waiting for the answer');
    steps[0].resolve();
    await chat.reads('Still waiting');
    steps[1].resolve();
    await chat.reads('One');
    assert.equal(await chat.answer.getAttribute('aria-busy'), 'true');
    assert.equal(await chat.answer.getByText('Still waiting').count(), 0);
    steps[2].resolve();
    await chat.reads('One two');
    await chat.settled();
    for (const fact of ['llama on the edge box', 'B / local', '44 tok/s', '24 in, 118 out', '$0.00042']) await chat.reads(fact);
    await chat.answer.getByText('1 attempt failed before').click();
    assert.ok(await chat.answer.getByText('first · cloud: rate limit, after 132 ms').isVisible());
    assert.equal(await chat.status.textContent(), 'The answer is complete.');
    assert.deepEqual(server.questions, [
      { model: 'fast', messages: [{ role: 'user', content: 'Count.' }], stream: true, stream_options: { include_usage: true } },
    ]);
  });

  test('stops at once, and goes on from what there is', async () => {
    const closed = Promise.withResolvers<void>();
    server.answer = async (exchange) => {
      exchange.startStream();
      await exchange.write(event(word('Half an answer')));
      await exchange.closed;
      closed.resolve();
    };
    await chat.ask('Tell me.');
    await chat.reads('Half an answer');
    await chat.page.keyboard.press('Escape');
    await closed.promise;
    await chat.reads('Stopped.');
    server.answer = (exchange) => exchange.events([word('The rest.'), finish]);
    await chat.askAndWait('Go on.');
    assert.deepEqual(server.questions.at(-1)?.['messages'], [
      { role: 'user', content: 'Tell me.' },
      { role: 'assistant', content: 'Half an answer' },
      { role: 'user', content: 'Go on.' },
    ]);

    server.answer = (exchange) => exchange.startStream();
    await chat.ask('And then?');
    await chat.button('Stop').click();
    await chat.reads('Stopped.');
    assert.equal(await chat.page.evaluate('document.activeElement.id'), 'question', 'the focus is not lost with the button');
  });

  test('shows a failure before the first token with its hint, and tries again', async () => {
    server.answer = (exchange) => exchange.json(503, overloaded);
    await chat.askAndWait('Hello?');
    await chat.reads('No answer · overloaded');
    await chat.reads(overloaded.error.message);
    await chat.screenshot('failure-light');
    server.answer = (exchange) => exchange.events([word('Here I am.'), finish]);
    await chat.button('Try again').click();
    await chat.reads('Here I am.');
    await chat.settled();
    assert.equal(await chat.answer.getByText('overloaded').count(), 0);
    assert.equal(await chat.page.locator('.exchange').count(), 1);
  });

  test('shows a failure after the first token, with what there was', async () => {
    server.answer = (exchange) => exchange.events([word('The beginning of a long'), overloaded], { done: false });
    await chat.askAndWait('Hello?');
    for (const text of ['The beginning of a long', 'The answer broke off · overloaded', overloaded.error.message]) await chat.reads(text);

    server.answer = async (exchange) => {
      exchange.startStream();
      await exchange.write(event(word('Cut')));
      await chat.reads('Cut');
      exchange.reset();
    };
    await chat.askAndWait('And now?');
    await chat.reads('The connection broke before the answer was complete');
    assert.equal(await chat.button('Try again').count(), 1, 'only the last answer can be tried again');
  });

  test('says so where nobody answers', async () => {
    await server.stop();
    await chat.askAndWait('Hello?');
    await chat.reads('Nothing answers at');
  });

  test('survives a reload, as does the choice of the model', async () => {
    server.answer = (exchange) => exchange.events([word('**Kept**'), finish, report]);
    await chat.model.selectOption('smart');
    await chat.askAndWait('First');
    server.answer = async (exchange) => {
      exchange.startStream();
      await exchange.write(event(word('Half')));
    };
    await chat.ask('Second');
    await chat.reads('Half');
    await chat.page.reload();
    await chat.reads('Half');
    await chat.reads('Interrupted');
    assert.equal(await chat.page.locator('strong', { hasText: 'Kept' }).count(), 1);
    assert.ok(await chat.page.getByText('llama on the edge box').isVisible());
    await until(async () => (await chat.model.inputValue()) === 'smart');
  });

  test('begins a new conversation, and brings the old one back', async () => {
    await chat.askAndWait('First');
    await chat.button('New conversation').click();
    assert.ok(await chat.page.getByText('What would you like to know?').isVisible());
    await chat.button('Bring it back').click();
    await chat.page.getByText('First').waitFor();
    await chat.button('New conversation').click();
    await chat.page.reload();
    assert.equal(await chat.page.locator('.exchange').count(), 0);
  });

  test('shows what a model or a user writes as text, never as HTML', async () => {
    const hostile = [
      '<script>window.broken = 1</script><img src=x onerror="window.broken = 1">',
      '[click](javascript:window.broken=1) <a href="javascript:window.broken=1">me</a>',
      '```<img src=x onerror="window.broken = 1">\n</code></pre><svg onload="window.broken = 1">\n```',
      '- <iframe srcdoc="<script>parent.broken = 1</script>"></iframe>',
      '# <style>* { display: none }</style>',
      '[ok](https://example.org/?"onmouseover="window.broken=1)',
    ].join('\n\n');
    const backend = '<img src=x onerror="window.broken = 1">';
    server.answer = (exchange) => {
      return exchange.events([thought(hostile), word(hostile), finish, { ...report, llm: { ...report.llm, backend, attempts: [{ backend, error: backend }] } }]);
    };
    await chat.askAndWait(hostile);
    await chat.page.reload();
    await chat.reads('<script>window.broken = 1</script>');
    assert.equal(await chat.page.evaluate('window.broken'), undefined);
    assert.equal(await chat.page.locator('#exchanges :is(script, img, iframe, style, svg, [onerror], [onmouseover])').count(), 0);
    const links = await chat.page.evaluate('[...document.querySelectorAll(".answer a")].map(({ href, rel }) => [href, rel])');
    assert.deepEqual(links, [['https://example.org/?%22onmouseover=%22window.broken=1', 'noopener noreferrer nofollow']]);
  });

  test('lets nothing in by any mark, while it comes and when it is whole', async () => {
    const script = 'javascript:window.broken=1';
    const hostile = [
      `<svg/onload="window.broken=1">`, `<img src=x onerror="window.broken=1">`, `</p></div><script>window.broken=1</script>`, `<details open ontoggle="window.broken=1">`,
      `[a](${script})`, `[a](<${script}>)`, `[a](JaVaScRiPt&colon;window.broken=1)`, `[a](java&#10;script:window.broken=1)`, `[a][b]\n\n[b]: ${script}`, `<${script}>`, `![a](${script})`, `![a](x" onerror="window.broken=1)`,
      `[a](https://a.example "x' onmouseover='window.broken=1")`, `[a](data:text/html;base64,PHNjcmlwdD53aW5kb3cuYnJva2VuPTE8L3NjcmlwdD4=)`, `https://a.example/"onmouseover="window.broken=1`,
      `| <img src=x onerror="window.broken=1"> | [a](${script}) |\n|---|---|\n| <script>window.broken=1</script> | ![b](${script}) |`, `- [ ] <input autofocus onfocus="window.broken=1">`, `> <iframe srcdoc="<script>parent.broken=1</script>">`,
      '```"><img src=x onerror="window.broken=1">\n</code></pre><img src=x onerror="window.broken=1">\n```', `# <style>*{background:url(${script})}</style>`, `~~<b onclick="window.broken=1">a</b>~~`, '&lt;img src=x onerror=window.broken=1&gt;',
    ].join('\n\n');
    // Cut anywhere, so that every mark is open for a while.
    server.answer = async (exchange) => {
      exchange.startStream();
      for (const piece of hostile.match(/[^]{1,11}/g) ?? []) await exchange.write(event(word(piece)));
      await exchange.write(event(finish));
      exchange.end('data: [DONE]\n\n');
    };
    await chat.askAndWait('Hello?');
    for (const link of await chat.answer.getByRole('link').all()) await link.hover();
    await chat.page.reload();
    await chat.reads('window.broken=1');
    assert.equal(await chat.page.evaluate('window.broken'), undefined);
    assert.equal(await chat.page.locator('.text :is(script, img, iframe, style, svg, details, b, [onerror], [onload], [onclick], [onfocus], [onmouseover], [style])').count(), 0);
    const links = await chat.page.evaluate<string[]>('[...document.querySelectorAll(".text a")].map(({ protocol, rel, target }) => `${protocol} ${target} ${rel}`)');
    assert.deepEqual([...new Set(links)], ['https: _blank noopener noreferrer nofollow']);
  });

  test('keeps what it has shown while more comes, with the selection in it and the place of the reader', async () => {
    const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const table = '| name | size |\n|---|--:|\n| **one** | 1 |\n';
    const code = `\`\`\`js\n${'const wide = 1; '.repeat(40)}\n`;
    server.answer = async (exchange) => {
      exchange.startStream();
      await exchange.write(event(word(`First.\n\n${table}`)));
      await steps[0].promise;
      await exchange.write(event(word(`| two | 2 |\n\nBetween.\n\n${code}`)));
      await steps[1].promise;
      await exchange.write(event(word('more();\n```\n\n- [x] done\n\n> quoted')) + event(finish));
      exchange.end('data: [DONE]\n\n');
    };
    await chat.ask('A table and some code.');
    await chat.answer.getByRole('cell', { name: 'one' }).waitFor();
    await chat.page.evaluate(`{
      window.kept = [...document.querySelectorAll('.text > *, .text td')];
      getSelection().selectAllChildren(document.querySelector('.text p'));
    }`);
    steps[0].resolve();
    await chat.answer.getByText('const wide').waitFor();
    await chat.page.evaluate(`{
      window.kept.push(...document.querySelectorAll('.text > :nth-child(n + 3), .text pre'));
      document.querySelector('.text pre').scrollLeft = 120;
      document.querySelector('.text .code button').focus();
    }`);
    steps[1].resolve();
    await chat.settled();
    await chat.reads('quoted');
    assert.deepEqual(await chat.page.evaluate('[window.kept.length, window.kept.every((node) => node.isConnected), String(getSelection())]'), [7, true, 'First.']);
    assert.deepEqual(await chat.page.evaluate('[document.querySelector(".text pre").scrollLeft, document.activeElement.textContent]'), [120, 'Copy code']);
    assert.deepEqual(await chat.page.evaluate('[...document.querySelector(".text").children].map(({ localName, className }) => localName + className)'), ['p', 'divtable', 'p', 'divcode', 'ul', 'blockquote']);
    assert.ok(await chat.answer.getByRole('checkbox', { name: 'Done' }).isChecked());
  });

  test('works by keyboard alone', async () => {
    const { keyboard } = chat.page;
    server.answer = (exchange) => exchange.events([word('Yes.'), finish]);
    await keyboard.type('One');
    await keyboard.press('Shift+Enter');
    await keyboard.type('two');
    await keyboard.press('Enter');
    await chat.reads('Yes.');
    await chat.settled();
    assert.deepEqual(server.questions.at(-1)?.['messages'], [{ role: 'user', content: 'One\ntwo' }]);
    await tabTo('Try again', 'Shift+Tab');
    await keyboard.press('Enter');
    await chat.settled();
    assert.equal(server.questions.length, 2);
    await tabTo('Settings', 'Shift+Tab');
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    await keyboard.type('Be short.');
    await keyboard.press('Tab');
    await keyboard.type('0.5');
    await keyboard.press('Escape');
    await tabTo('Your question', 'Tab');
    await keyboard.type('Again');
    await keyboard.press('Enter');
    await chat.settled();
    const { messages, temperature } = server.questions.at(-1) ?? {};
    assert.deepEqual([temperature, (messages as object[])[0]], [0.5, { role: 'system', content: 'Be short.' }]);

    async function tabTo(name: string, key: string): Promise<void> {
      const focused = `(() => { const at = document.activeElement; return at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent; })()`;
      for (let step = 0; step < 20; step++) {
        if ((await chat.page.evaluate(focused)) === name) return;
        await keyboard.press(key);
      }
      assert.fail(`${key} never gets to ${name}.`);
    }
  });

  test('asks for a key where one is needed, and keeps it in the tab', async () => {
    const refused = { error: { message: 'This endpoint wants an API key.', type: 'invalid_request_error', code: 'auth' } };
    let valid = 'good';
    server.models = (exchange) => {
      if (exchange.request.headers.authorization === `Bearer ${valid}`) exchange.json(200, { data: [{ id: 'secret model' }] });
      else exchange.json(401, refused);
    };
    server.answer = (exchange) => {
      if (exchange.request.headers.authorization === `Bearer ${valid}`) return exchange.events([word('Welcome.'), finish]);
      exchange.json(401, refused);
    };
    await chat.page.reload();
    const dialog = chat.page.getByRole('dialog', { name: 'API key' });
    await dialog.getByText(refused.error.message).waitFor();
    await chat.screenshot('key-light');
    await chat.page.keyboard.type('bad');
    await chat.page.keyboard.press('Enter');
    await dialog.getByText(refused.error.message).waitFor();
    await chat.page.keyboard.type('good');
    await chat.page.keyboard.press('Enter');
    await chat.page.getByRole('option', { name: 'secret model' }).waitFor({ state: 'attached' });
    await chat.page.reload();
    await chat.askAndWait('Hello');
    await chat.reads('Welcome.');

    valid = 'another';
    await chat.ask('Hello again');
    await dialog.waitFor();
    await chat.page.keyboard.type('another');
    await chat.page.keyboard.press('Enter');
    await chat.reads('Welcome.');
    assert.ok(!(await chat.page.evaluate<string>('JSON.stringify(localStorage)')).includes('another'));
  });

  test('keeps the end in sight unless the reader has scrolled up', async () => {
    const more = Promise.withResolvers<void>();
    const lines = (from: number) => word(Array.from({ length: 60 }, (_, line) => `Line ${from + line}\n\n`).join(''));
    server.answer = async (exchange) => {
      exchange.startStream();
      await exchange.write(event(lines(0)));
      await more.promise;
      await exchange.write(event(lines(60)) + event(finish));
      exchange.end('data: [DONE]\n\n');
    };
    await chat.ask('Many lines.');
    await chat.reads('Line 59');
    await until(async () => (await chat.fromEnd()) < 2);
    await chat.page.mouse.move(500, 400);
    await chat.page.mouse.wheel(0, -400);
    await until(async () => (await chat.fromEnd()) > 300);
    const before = await chat.scrolled();
    more.resolve();
    await chat.reads('Line 119');
    await chat.settled();
    assert.equal(await chat.scrolled(), before, 'the reader stays where they were');
    await chat.button('To the end of the conversation').click();
    await until(async () => (await chat.fromEnd()) < 2);
  });

  test('copies an answer and a piece of code, without a clipboard interface too', async () => {
    await chat.page.addInitScript('Object.defineProperty(navigator, "clipboard", { value: undefined })');
    await chat.page.reload();
    server.answer = (exchange) => exchange.events([word('Say **this**:\n\n```sh\necho hi\n```'), finish]);
    await chat.askAndWait('How?');
    for (const [name, text] of [
      ['Copy code', 'echo hi'],
      ['Copy', 'Say **this**:\n\n```sh\necho hi\n```'],
    ] as const) {
      await chat.button(name).click();
      await chat.button('Copied').first().waitFor();
      await chat.field.fill('');
      await chat.field.press('Control+V');
      assert.equal(await chat.field.inputValue(), text);
    }
  });

  test('offers to load the models again', async () => {
    const { models } = server;
    server.models = (exchange) => exchange.text(502, '<h1>Bad gateway</h1>');
    await chat.page.reload();
    await chat.page.locator('#notice').getByText('The server answered with 502').waitFor();
    server.models = models;
    await chat.button('Try again').click();
    await chat.page.getByRole('option', { name: 'smart' }).waitFor({ state: 'attached' });
  });
});
