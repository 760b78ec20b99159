/** The real editor in a real browser, for tests that look at it as a person does. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';

export type Theme = 'light' | 'dark';

/** The browser's program, or undefined where there is none. */
export const chromiumPath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path): path is string => path !== undefined && existsSync(path),
);

/** Why the editor tests cannot run here, as one line, or false. */
export const skipWithoutBrowser =
  chromiumPath === undefined && 'no Chromium here: install the package chromium, or set CHROMIUM to the path of a browser.';

const outputFolder = join(import.meta.dirname, '../../output/editor');

export function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({ executablePath: chromiumPath as string, args });
}

/** The editor of one Node-RED, opened in one theme. */
export class EditorPage {
  readonly page: Page;
  readonly theme: Theme;
  /** What the page complained of in its console. */
  readonly errors: string[] = [];

  private constructor(page: Page, theme: Theme) {
    this.page = page;
    this.theme = theme;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, theme: Theme): Promise<EditorPage> {
    const editor = await EditorPage.prepare(browser, theme);
    await editor.load(url);
    return editor;
  }

  /** A page that has loaded nothing yet. */
  static async prepare(browser: Browser, theme: Theme): Promise<EditorPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
    await context.addInitScript(`localStorage.setItem('view-dark-theme', '${theme}')`);
    return new EditorPage(await context.newPage(), theme);
  }

  /** Loads the editor anew: what was not deployed is gone. */
  async load(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.waitForFunction('typeof RED === "object" && RED.nodes && document.querySelector(".red-ui-flow-node") !== null');
  }

  /** Opens a node's dialog, or a config node's, and returns its tray. */
  async openDialog(id: string): Promise<Locator> {
    await this.page.evaluate(`(() => {
      const node = RED.nodes.node('${id}');
      if (node._def.category === 'config') RED.editor.editConfig('', node.type, node.id);
      else RED.editor.edit(node);
    })()`);
    const tray = this.page.locator('.red-ui-tray').last();
    await this.#settled(tray);
    return tray;
  }

  /** Presses Done (or Update) and waits until the dialog has gone. */
  async closeDialog(): Promise<void> {
    await this.page.locator('#node-dialog-ok:visible, #node-config-dialog-ok:visible').last().click();
    await this.page.locator('.red-ui-tray').waitFor({ state: 'detached' });
  }

  /** Shows a tab of a backend's dialog. */
  async showTab(tray: Locator, name: string): Promise<void> {
    await tray.locator('.red-ui-tabs a', { hasText: name }).click();
  }

  /** Why a field of the open dialog is marked as wrong; undefined where it is not. */
  async complaint(id: string, name: string): Promise<string | undefined> {
    return this.page.evaluate(`(() => {
      const input = ${fieldOf(name)};
      const marked = input.hasClass('input-error') || input.next('.red-ui-typedInput-container').hasClass('input-error');
      if (!marked) return undefined;
      const node = RED.nodes.node('${id}');
      const property = node._def.defaults['${name}'] ?? node._def.credentials['${name}'];
      return String(property.validate.call(node, input.val(), {}));
    })()`);
  }

  /** What a field of the open dialog holds: a typed field hides its input, but keeps its value in it. */
  read(name: string): Promise<unknown> {
    return this.page.evaluate(`${fieldOf(name)}.val()`);
  }

  /** Puts a value into a field of the open dialog, as typing it would. */
  async write(name: string, value: string): Promise<void> {
    await this.page.evaluate(`(() => {
      const field = ${fieldOf(name)};
      const value = ${JSON.stringify(value)};
      if (field.next('.red-ui-typedInput-container').length) field.typedInput('value', value);
      else field.val(value).trigger('change');
    })()`);
  }

  property(id: string, name: string): Promise<unknown> {
    return this.page.evaluate(`RED.nodes.node('${id}')['${name}']`);
  }

  async screenshot(name: string): Promise<void> {
    await mkdir(outputFolder, { recursive: true });
    await this.page.screenshot({ path: join(outputFolder, `${name}-${this.theme}.png`) });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** The tray slides in: it is there when it no longer moves. */
  async #settled(tray: Locator): Promise<void> {
    await tray.locator('.red-ui-tray-body').waitFor();
    await this.page.waitForFunction('getComputedStyle([...document.querySelectorAll(".red-ui-tray")].at(-1)).right === "0px"');
  }
}

function fieldOf(name: string): string {
  return `$('#node-input-${name}, #node-config-input-${name}')`;
}
