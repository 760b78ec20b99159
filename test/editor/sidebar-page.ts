/** The sidebar LLM in a real editor, before a runtime whose every answer the test decides. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import type { LiveFacts, RequestList, RequestRow, RequestTrace } from '../../nodes/insight/sidebar/api.ts';
import { type Exchange, startServer, type TestServer } from '../support/server.ts';
import { EditorPage, type Theme } from './browser.ts';
import { live, requests } from './sidebar-facts.ts';

const screenshots = join(import.meta.dirname, '../../output/editor');
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface AxeResult {
  readonly passes: { readonly id: string; readonly nodes: object[] }[];
  readonly violations: { readonly id: string; readonly nodes: { readonly target: string[]; readonly failureSummary: string }[] }[];
}

type Answering = (exchange: Exchange) => void | Promise<void>;

/** Answers the admin routes of the sidebar. */
export class FakeRuntime {
  live: LiveFacts = live;
  readonly traces = new Map<string, RequestTrace>();
  /** Answers what changes something, and trials. */
  answer: Answering = ({ request }) => {
    throw new Error(`Nobody expects ${request.path}.`);
  };
  /** Answers everything, where it is set. */
  refuse: Answering | undefined;
  /** How many requests were answered and are not kept. */
  skipped = 0;
  #requests: { row: RequestRow; change: number }[] = [];
  #changes = 0;
  #server: TestServer | undefined;

  static async start(): Promise<FakeRuntime> {
    const runtime = new FakeRuntime();
    runtime.#server = await startServer((exchange) => runtime.#handle(exchange));
    runtime.change(...requests.toReversed());
    return runtime;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  /** What was asked, such as `GET /llm/live`. */
  get asked(): string[] {
    return this.#server?.requests.map(({ method, path }) => `${method} ${path}`) ?? [];
  }

  /** The bodies of what was to be changed or tried. */
  get bodies(): Record<string, unknown>[] {
    return this.#server?.requests.filter(({ method }) => method === 'POST').map(({ json }) => json) ?? [];
  }

  /** Adds requests, or changes them; the newest last. Only the last 300 are kept. */
  change(...rows: RequestRow[]): void {
    for (const row of rows) {
      const entry = { row, change: ++this.#changes };
      const at = this.#requests.findIndex(({ row: { id } }) => id === row.id);
      if (at < 0) this.#requests.unshift(entry);
      else this.#requests[at] = entry;
    }
    this.#requests.length = Math.min(this.#requests.length, 300);
  }

  forgetAll(): void {
    this.#requests = [];
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }

  #handle(exchange: Exchange): void | Promise<void> {
    const { method, path } = exchange.request;
    if (this.refuse) return this.refuse(exchange);
    if (method === 'POST') return this.answer(exchange);
    if (path === '/llm/access') return exchange.json(200, []);
    if (path === '/llm/live') return exchange.json(200, this.live);
    const after = /^\/llm\/requests\?after=(\d+)$/.exec(path)?.[1];
    if (after !== undefined) return exchange.json(200, this.#list(Number(after)));
    const trace = this.traces.get(path.replace('/llm/requests/', '').replace('/content', ''));
    return trace ? exchange.json(200, trace) : exchange.json(404, { message: 'It is no longer kept.' });
  }

  #list(after: number): RequestList {
    const changed = this.#requests.filter(({ change }) => change > after).map(({ row }) => row);
    return { last: this.#changes, ...(this.skipped > 0 && { skipped: this.skipped }), requests: changed, kept: this.#requests.map(({ row }) => row.id) };
  }
}

export interface ShowOptions {
  /** Of the sidebar, in pixels. */
  readonly width?: number;
  readonly readOnly?: boolean;
}

/** The sidebar as a person uses it. */
export class SidebarPage {
  readonly editor: EditorPage;

  private constructor(editor: EditorPage) {
    this.editor = editor;
  }

  /** Asks what `runtime` gives each time, or the real one. */
  static async open(browser: Browser, url: string, runtime?: () => FakeRuntime, theme: Theme = 'light'): Promise<SidebarPage> {
    const sidebar = new SidebarPage(await EditorPage.prepare(browser, theme));
    if (runtime) await sidebar.#askInstead(runtime);
    await sidebar.editor.load(url);
    return sidebar;
  }

  async #askInstead(runtime: () => FakeRuntime): Promise<void> {
    await this.page.route(
      ({ pathname }) => pathname.startsWith('/llm/'),
      (route) => {
        const { pathname, search } = new URL(route.request().url());
        return route.continue({ url: runtime().url + pathname + search });
      },
    );
  }

  get page(): Page {
    return this.editor.page;
  }

  get root(): Locator {
    return this.page.locator('.llm-sidebar');
  }

  card(name: string): Locator {
    return this.root.locator('.llm-cards > li').filter({ has: this.page.getByRole('button', { name, exact: true }) });
  }

  get rows(): Locator {
    return this.root.locator('.llm-requests > li');
  }

  /** Shows a sidebar that knows nothing yet, so wide; in Node-RED 5 without the debug messages below it. */
  async show({ width = 300, readOnly = false }: ShowOptions = {}): Promise<void> {
    this.editor.errors.length = 0;
    await this.page.mouse.move(0, 0);
    await this.page.evaluate(`(() => {
      RED.sidebar.removeTab('llm');
      RED.actions.remove('llm:show-sidebar');
      if (${readOnly}) RED.settings.user = { anonymous: true, permissions: 'read' };
      else delete RED.settings.user;
      delete document.visibilityState;
      RED.plugins.getPlugin('llm-sidebar').onadd();
      RED.actions.invoke('llm:show-sidebar');
    })()`);
    const debug = this.page.locator('.red-ui-sidebar-tab-bar button[data-tab-id="debug"].selected');
    if (await debug.isVisible()) await debug.click();
    await this.page.evaluate(`(() => {
      const sidebar = document.querySelector('.llm-sidebar').closest('.red-ui-sidebar, #red-ui-sidebar');
      $(sidebar).width(${width});
      if (sidebar.id === 'red-ui-sidebar') $('#red-ui-workspace, #red-ui-editor-stack').css('right', ${width + 8});
      RED.events.emit('sidebar:resize');
    })()`);
    await this.root.waitFor();
  }

  /** The text of what has the focus. */
  focused(): Promise<string> {
    return this.page.evaluate('document.activeElement.textContent');
  }

  async tab(name: string): Promise<void> {
    await this.root.getByRole('tab', { name }).click();
  }

  async openRequest(text: string): Promise<void> {
    await this.rows.filter({ hasText: text }).first().getByRole('button').click();
    await this.root.locator('.llm-spans > li').first().waitFor();
  }

  /** What axe-core finds wrong, as lines. */
  async problems(): Promise<string[]> {
    await this.page.evaluate(await readFile(axe, 'utf8'));
    // All of Node-RED stands outside its body, which has no height: axe-core would take it for hidden.
    await this.page.evaluate(`document.body.style.height = '100vh'`);
    const found = await this.page.evaluate<AxeResult>(`axe.run('.llm-sidebar')`);
    const readable = found.passes.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0;
    assert.ok(readable > 10, `axe-core has looked at the colors of ${readable} texts only`);
    return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`));
  }

  async screenshot(name: string): Promise<void> {
    await mkdir(screenshots, { recursive: true });
    await this.page.screenshot({ path: join(screenshots, `sidebar-${name}.png`) });
  }

  async close(): Promise<void> {
    await this.editor.close();
  }
}
