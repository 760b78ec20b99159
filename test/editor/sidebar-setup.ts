/** One editor with the sidebar, for the tests of a file, before a runtime that each test has for itself. */
import { after, afterEach, before, beforeEach } from 'node:test';
import type { Browser } from 'playwright-core';
import type { TrialLine } from '../../nodes/insight/sidebar/api.ts';
import { startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import type { Exchange } from '../support/server.ts';
import { launchBrowser } from './browser.ts';
import { failedOver, flows, rateLimited } from './sidebar-facts.ts';
import { FakeRuntime, type ShowOptions, SidebarPage } from './sidebar-page.ts';

export class SidebarSetup {
  #nodeRed: TestNodeRed | undefined;
  #browser: Browser | undefined;
  #runtime: FakeRuntime | undefined;
  #sidebar: SidebarPage | undefined;

  /** To be called within `describe`. */
  constructor() {
    before(() => this.#start());
    after(() => this.#stop());
    beforeEach(async () => {
      this.#runtime = await FakeRuntime.start();
      this.#runtime.traces.set('r8', failedOver).set('r7', rateLimited);
    });
    afterEach(() => this.#runtime?.stop());
  }

  get runtime(): FakeRuntime {
    return this.#runtime as FakeRuntime;
  }

  get sidebar(): SidebarPage {
    return this.#sidebar as SidebarPage;
  }

  get browser(): Browser {
    return this.#browser as Browser;
  }

  /** Of Node-RED. */
  get url(): string {
    return this.#nodeRed?.url ?? '';
  }

  /** Shows a sidebar that knows nothing yet, and waits until it does. */
  async open(options?: ShowOptions, tab?: string): Promise<SidebarPage> {
    await this.sidebar.show(options);
    await this.sidebar.root.locator('.llm-card').first().waitFor();
    if (tab !== undefined) await this.sidebar.tab(tab);
    return this.sidebar;
  }

  async #start(): Promise<void> {
    this.#nodeRed = await startNodeRed({ flows });
    this.#browser = await launchBrowser();
    this.#sidebar = await SidebarPage.open(this.#browser, this.#nodeRed.url, () => this.runtime);
  }

  async #stop(): Promise<void> {
    await this.#browser?.close();
    await this.#nodeRed?.stop();
  }
}

/** How an answer ends well. */
export const end: TrialLine = { type: 'end', text: 'Pump 7 needs oil.', backend: 'cloud', model: 'claude-sonnet', usage: { inputTokens: 20, outputTokens: 12, estimated: false }, cost: { usd: 0.00042, inputUsd: 0, outputUsd: 0.00042 }, ms: 1_234 };

export function line(given: TrialLine): string {
  return `${JSON.stringify(given)}\n`;
}

export async function answerWith(exchange: Exchange, lines: readonly TrialLine[]): Promise<void> {
  exchange.startStream({ 'content-type': 'application/x-ndjson' });
  for (const given of lines) await exchange.write(line(given));
  exchange.end();
}
