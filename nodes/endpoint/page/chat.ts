/** The conversation: asks, shows what comes, and keeps it. */
import { type Api, ApiError } from './api.ts';
import { type Exchange, newAnswer, newExchange, toMessages } from './conversation.ts';
import type { Composer } from './composer.ts';
import { byId } from './dom.ts';
import { ExchangeView } from './exchange-view.ts';
import type { Memory } from './memory.ts';
import type { Notice } from './notice.ts';
import { receive } from './receive.ts';
import type { Scrolling } from './scrolling.ts';
import type { SettingsPanel } from './settings-panel.ts';

export interface ChatParts {
  api: Api;
  memory: Memory;
  settings: SettingsPanel;
  composer: Composer;
  notice: Notice;
  scrolling: Scrolling;
  /** Asks for a key; whether there is one now. */
  askKey: (reason: string) => Promise<boolean>;
}

/** How often the conversation is kept while an answer comes, in ms. */
const keepEvery = 1000;

export class Chat {
  readonly #parts: ChatParts;
  readonly #list = byId('exchanges', HTMLDivElement);
  readonly #new = byId('new', HTMLButtonElement);
  #exchanges: Exchange[];
  #views = new Map<Exchange, ExchangeView>();
  #running: { exchange: Exchange; abort: AbortController; waiting: boolean } | undefined;
  #frame = 0;
  #keptAt = 0;
  #leaving = false;

  constructor(parts: ChatParts) {
    this.#parts = parts;
    this.#exchanges = parts.memory.exchanges;
    this.#new.addEventListener('click', () => this.#clear());
    // The only event that a phone is sure to send before it ends a page.
    document.addEventListener('visibilitychange', () => this.#keepRunning());
    window.addEventListener('pagehide', () => {
      this.#keepRunning();
      this.#leaving = true;
    });
    window.addEventListener('pageshow', () => (this.#leaving = false));
    setInterval(() => this.#draw(), 1000);
    this.#showAll();
  }

  send(question: string): void {
    if (this.#running) return;
    const exchange = newExchange(question);
    const before = this.#exchanges.at(-1);
    this.#exchanges.push(exchange);
    this.#showNew(exchange);
    // Only the last one can be tried again.
    if (before) this.#update(before);
    void this.#run(exchange);
  }

  stop(): void {
    this.#running?.abort.abort();
  }

  #tryAgain(): void {
    const exchange = this.#exchanges.at(-1);
    if (!exchange || this.#running) return;
    this.#parts.composer.focusIfHandy();
    exchange.answer = newAnswer();
    this.#views.get(exchange)?.element.remove();
    this.#showNew(exchange);
    void this.#run(exchange);
  }

  async #run(exchange: Exchange): Promise<void> {
    const { api, settings, composer, notice, scrolling, askKey } = this.#parts;
    const abort = new AbortController();
    const running = { exchange, abort, waiting: false };
    this.#running = running;
    composer.setRunning(true);
    notice.hide();
    notice.announce('Waiting for the answer.');
    scrolling.follow();
    this.#keep();

    const { temperature } = settings;
    const question = { model: settings.model, messages: toMessages(this.#exchanges, settings.system), ...(temperature !== undefined && { temperature }) };
    await receive(api.ask(question, abort.signal), exchange.answer, abort.signal, (waiting) => {
      if (!running.waiting && exchange.answer.text === '' && !waiting) notice.announce('The answer is coming.');
      running.waiting = waiting;
      this.#drawSoon();
      if (performance.now() - this.#keptAt > keepEvery) this.#keep();
    });

    if (this.#running === running) {
      this.#running = undefined;
      composer.setRunning(false);
    }
    this.#update(exchange);
    this.#keep();
    this.#announceEnd(exchange);
    if (exchange.answer.failure?.status === 401 && (await askKey(exchange.answer.failure.message))) this.#tryAgain();
  }

  #announceEnd({ answer: { state, failure } }: Exchange): void {
    const words = { done: 'The answer is complete.', stopped: 'Stopped.', failed: `The answer failed. ${failure?.message ?? ''}` };
    this.#parts.notice.announce(state in words ? words[state as keyof typeof words] : '');
  }

  #clear(): void {
    const { composer, notice } = this.#parts;
    const before = this.#exchanges;
    this.stop();
    this.#running = undefined;
    this.#exchanges = [];
    composer.setRunning(false);
    composer.focusIfHandy();
    this.#showAll();
    this.#keep();
    notice.show('The conversation is gone.', 'Bring it back', () => {
      this.stop();
      this.#exchanges = [...before, ...this.#exchanges];
      this.#showAll();
      this.#keep();
      composer.focusIfHandy();
    });
  }

  #showAll(): void {
    this.#views.clear();
    this.#list.replaceChildren();
    for (const exchange of this.#exchanges) this.#showNew(exchange);
    this.#showWhether();
    this.#parts.scrolling.follow();
  }

  #showNew(exchange: Exchange): void {
    const view = new ExchangeView(exchange, { tryAgain: () => this.#tryAgain() });
    this.#views.set(exchange, view);
    this.#list.append(view.element);
    this.#update(exchange);
    this.#showWhether();
  }

  /** Whether there is a conversation. */
  #showWhether(): void {
    byId('welcome', HTMLElement).hidden = this.#exchanges.length > 0;
    this.#new.disabled = this.#exchanges.length === 0;
  }

  #update(exchange: Exchange): void {
    const waiting = this.#running?.exchange === exchange && this.#running.waiting;
    this.#views.get(exchange)?.update({ isLast: exchange === this.#exchanges.at(-1), waiting });
  }

  /** At most once a frame: a fast model sends hundreds of tokens a second. */
  #drawSoon(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#running) this.#update(this.#running.exchange);
  }

  /** A page without news must not put its old conversation over that of another tab. */
  #keepRunning(): void {
    if (this.#running) this.#keep();
  }

  #keep(): void {
    // The browser breaks off the answer of a page that it leaves: no failure to remember.
    if (this.#leaving) return;
    this.#keptAt = performance.now();
    this.#parts.memory.exchanges = this.#exchanges;
  }
}

/** What went wrong, as a sentence. */
export function sentenceOf(error: unknown): string {
  return error instanceof ApiError ? error.message : `This page failed (${String(error)}). Please report it.`;
}
