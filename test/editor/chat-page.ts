/** The built chat page in a browser, before an API whose every answer the test decides. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { type Exchange, startServer, type TestServer } from '../support/server.ts';

const built = join(import.meta.dirname, '../../dist/endpoint/page');
const screenshots = join(import.meta.dirname, '../../output/editor');
const types: Record<string, string> = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

export type Answering = (exchange: Exchange) => void | Promise<void>;

/** Serves the page as the endpoint does, and the API as the test says. */
export class ChatServer {
  /** Answers the next questions. */
  answer: Answering = (exchange) => exchange.events([word('Hello.'), finish]);
  models: Answering = (exchange) => exchange.json(200, { object: 'list', data: [{ id: 'fast' }, { id: 'smart' }] });
  #server: TestServer | undefined;

  static async start(): Promise<ChatServer> {
    const server = new ChatServer();
    server.#server = await startServer((exchange) => server.#handle(exchange));
    return server;
  }

  get url(): string {
    return `${this.#server?.url}/v1/chat`;
  }

  /** The bodies of the questions, the newest last. */
  get questions(): Record<string, unknown>[] {
    return this.#server?.requests.filter(({ method }) => method === 'POST').map(({ json }) => json) ?? [];
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }

  async #handle(exchange: Exchange): Promise<void> {
    const { path } = exchange.request;
    if (path === '/v1/chat/completions') return this.answer(exchange);
    if (path === '/v1/models') return this.models(exchange);
    const file = path === '/v1/chat' ? 'page.html' : path.replace('/v1/chat/', '');
    const body = await readFile(join(built, file), 'utf8').catch(() => undefined);
    if (body === undefined) return exchange.text(404, `There is no ${path}.`);
    exchange.text(200, body, { 'content-type': types[file.split('.').at(-1) ?? ''] ?? '', 'content-security-policy': "default-src 'self'" });
  }
}

export function word(content: string): object {
  return { choices: [{ index: 0, delta: { content }, finish_reason: null }] };
}

export function thought(reasoning_content: string): object {
  return { choices: [{ index: 0, delta: { reasoning_content }, finish_reason: null }] };
}

export const finish = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };

/** The last chunk of a gateway whose first backend had failed. */
export const report = {
  choices: [],
  usage: { prompt_tokens: 24, completion_tokens: 118, total_tokens: 142 },
  llm: {
    backend: 'llama on the edge box',
    route: 'B / local',
    attempts: [
      { backend: 'cloud', branch: 'first', outcome: 'failed', error: 'rate_limit', ms: 132 },
      { backend: 'llama on the edge box', branch: 'second', outcome: 'ok', ms: 2810 },
    ],
    costUsd: 0.00042,
    timing: { firstTokenMs: 240, totalMs: 2942, tokensPerSecond: 43.6 },
  },
};

/** The last chunk of an answer that cites passages. */
export const cites = {
  ...report,
  llm: {
    ...report.llm,
    citations: [
      { number: 2, title: 'Context <b>in</b> a flow', headings: ['Context <b>in</b> a flow', 'Scopes'], source: 'docs/context.md', start: 0, end: 10 },
      { number: 1, title: 'Working with context', headings: [], source: 'https://nodered.org/docs/user-guide/context', start: 0, end: 10, page: 4 },
    ],
  },
};

/** A failure as the gateway writes it. */
export const overloaded = {
  error: { message: 'Every backend is busy. Give the pool another member, or raise its queue.', type: 'server_error', code: 'overloaded' },
};

export function event(object: object): string {
  return `data: ${JSON.stringify(object)}\n\n`;
}

/** The page as a person uses it. */
export class ChatPage {
  readonly page: Page;
  /** What the page complained of in its console. */
  readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      // The browser's own line for each request that fails: here they fail on purpose.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.errors.push(message.text());
    });
    page.on('response', (response) => {
      if (response.status() === 404) this.errors.push(`${response.url()} is missing.`);
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<ChatPage> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
    context.setDefaultTimeout(10_000);
    const chat = new ChatPage(await context.newPage());
    await chat.page.goto(url);
    return chat;
  }

  get field(): Locator {
    return this.page.getByRole('textbox', { name: 'Your question' });
  }

  get answer(): Locator {
    return this.page.getByRole('region', { name: 'Answer' }).last();
  }

  get model(): Locator {
    return this.page.getByRole('combobox', { name: 'Model' });
  }

  get status(): Locator {
    return this.page.getByRole('status');
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  async ask(question: string): Promise<void> {
    await this.field.fill(question);
    await this.field.press('Enter');
  }

  /** Asks and waits until the answer is over. */
  async askAndWait(question: string): Promise<void> {
    await this.ask(question);
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.page.locator('[data-state]:not([data-state="running"])').last().waitFor();
    await this.page.locator('[data-state="running"]').waitFor({ state: 'detached' });
  }

  /** Waits for a text in the newest answer. */
  async reads(text: string): Promise<void> {
    await this.answer.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** How far the reader has scrolled down, in pixels. */
  scrolled(): Promise<number> {
    return this.page.evaluate('document.getElementById("scroller").scrollTop');
  }

  /** How much of the conversation is below what is in sight, in pixels. */
  async fromEnd(): Promise<number> {
    const below = '(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(document.getElementById("scroller"))';
    return (await this.page.evaluate<number>(below)) - (await this.scrolled());
  }

  async screenshot(name: string): Promise<void> {
    await mkdir(screenshots, { recursive: true });
    await this.page.screenshot({ path: join(screenshots, `chat-${name}.png`) });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** Asks again and again: the page's own rules forbid Playwright's way of waiting for an expression. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'it never comes true');
    await delay(20);
  }
}
