/** One question with its answer on the page. */
import type { Exchange } from './conversation.ts';
import { byId, element, linkTo, makeCopying, setText, showText } from './dom.ts';
import { factsOf, failedAttempts, noteOf, type Source, sourcesOf } from './facts.ts';
import { TextView } from './render.ts';

export interface ExchangeActions {
  tryAgain(): void;
}

export class ExchangeView {
  readonly element: HTMLElement;
  readonly #parts = new Map<string, HTMLElement>();
  readonly #exchange: Exchange;
  readonly #text: TextView;
  readonly #since = performance.now();

  constructor(exchange: Exchange, actions: ExchangeActions) {
    this.#exchange = exchange;
    const copy = byId('exchange', HTMLTemplateElement).content.cloneNode(true) as DocumentFragment;
    for (const part of copy.querySelectorAll<HTMLElement>('[data-part]')) this.#parts.set(part.dataset['part'] ?? '', part);
    this.element = copy.firstElementChild as HTMLElement;
    this.#text = new TextView(this.#part('text'));
    this.#part('question').textContent = exchange.question;
    makeCopying(this.#part('copy') as HTMLButtonElement, () => this.#exchange.answer.text);
    this.#part('again').addEventListener('click', () => actions.tryAgain());
  }

  /** @param waiting the server said that there is nothing yet */
  update({ isLast, waiting }: { isLast: boolean; waiting: boolean }): void {
    const { answer } = this.#exchange;
    const running = answer.state === 'running';
    this.#part('answer').ariaBusy = String(running);
    this.element.dataset['state'] = answer.state;
    this.#text.show(answer.text, !running);
    this.#showThinking();
    this.#showWaiting(waiting);
    this.#showFailure();
    showText(this.#part('note'), noteOf(answer));
    this.#part('foot').hidden = running;
    if (running) return;
    this.#showSources();
    this.#showFacts();
    this.#part('copy').hidden = answer.text === '';
    this.#part('again').hidden = !isLast;
  }

  #showThinking(): void {
    const { answer } = this.#exchange;
    showText(this.#part('thinking-text'), answer.thinking === '' ? undefined : answer.thinking, this.#part('thinking'));
    const thinking = answer.state === 'running' && answer.text === '';
    setText(this.#part('thinking-title'), thinking ? 'Thinking …' : 'Thinking');
  }

  #showWaiting(waiting: boolean): void {
    const { state, text, thinking } = this.#exchange.answer;
    const nothing = text === '' && thinking === '';
    const seconds = Math.floor((performance.now() - this.#since) / 1000);
    const words = waiting ? 'Still waiting' : 'Waiting for the answer';
    const shown = state === 'running' && (nothing || waiting);
    showText(this.#part('waiting-text'), shown ? words + (nothing && seconds >= 2 ? ` · ${seconds} s` : '') : undefined, this.#part('waiting'));
  }

  #showFailure(): void {
    const { state, failure, text } = this.#exchange.answer;
    const failed = state === 'failed';
    showText(this.#part('failure-text'), failed ? (failure?.message ?? 'The answer failed.') : undefined, this.#part('failure'));
    const code = failure?.code?.replaceAll('_', ' ') ?? failure?.status?.toString();
    setText(this.#part('failure-title'), (text === '' ? 'No answer' : 'The answer broke off') + (code === undefined ? '' : ` · ${code}`));
  }

  #showSources(): void {
    const sources = sourcesOf(this.#exchange.answer);
    this.#part('sources').hidden = sources.length === 0;
    this.#part('sources-list').replaceChildren(...sources.map(sourceItem));
  }

  #showFacts(): void {
    const facts = factsOf(this.#exchange.answer).map(({ label, value }) => {
      return element('div', '', element('dt', 'unseen', label), element('dd', label.toLowerCase(), value));
    });
    this.#part('facts').replaceChildren(...facts);
    const failed = failedAttempts(this.#exchange.answer);
    const { state } = this.#exchange.answer;
    const count = failed.length === 1 ? '1 attempt failed' : `${failed.length} attempts failed`;
    showText(this.#part('attempts-title'), failed.length === 0 ? undefined : count + (state === 'failed' ? '' : ' before'), this.#part('attempts'));
    this.#part('attempts-list').replaceChildren(...failed.map((attempt) => element('li', '', attempt)));
  }

  #part(name: string): HTMLElement {
    const part = this.#parts.get(name);
    if (!part) throw new Error(`The template of page.html has no part ${name}.`);
    return part;
  }
}

function sourceItem({ number, place, path, link }: Source): HTMLElement {
  return element('li', '', element('span', 'number', number), ' ', link === undefined ? place : linkTo(link, place), ...(path === undefined ? [] : [' ', element('span', 'path', path)]));
}
