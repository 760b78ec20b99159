/** An answer as it comes, with its figures and its waterfall. */
import { dollars, duration, figure } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { RequestTrace, TrialLine } from '../api.ts';
import { FactsView } from './facts-view.ts';
import { askTrace, Refusal, type Trying } from './runtime.ts';
import type { Surroundings } from './surroundings.ts';
import { kindWords, refusalWords, type Translate } from './texts.ts';
import { WaterfallView } from './waterfall-view.ts';

/** Beyond so many characters the answer is not shown: the page stays light. */
const mostText = 200_000;

export class TrialPanel {
  readonly element: HTMLElement;
  readonly #t: Translate;
  readonly #changed: () => void;
  readonly #status = element('p', 'llm-trial-status');
  readonly #answer = element('pre', 'llm-text llm-answer');
  readonly #hint = element('p', 'llm-hint');
  readonly #facts = new FactsView('llm-facts');
  readonly #waterfall: WaterfallView;
  #running: AbortController | undefined;
  #id: string | undefined;
  #trace: RequestTrace | undefined;

  /** `changed` is called when a trial begins or ends. */
  constructor(surroundings: Surroundings, changed: () => void) {
    this.#t = surroundings.t;
    this.#changed = changed;
    this.#waterfall = new WaterfallView(surroundings);
    // What is going on is told; the text itself would be too much while it streams.
    this.#status.setAttribute('role', 'status');
    this.#answer.setAttribute('role', 'region');
    this.#answer.setAttribute('aria-label', this.#t('sidebar.try.answer'));
    this.#answer.tabIndex = 0;
    this.element = element('div', 'llm-trial', this.#status, this.#hint, this.#answer, this.#facts.element, this.#waterfall.element);
    this.element.hidden = true;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  stop(): void {
    this.#running?.abort();
  }

  /** Ends what runs, and shows nothing. */
  clear(): void {
    this.stop();
    this.#running = undefined;
    this.#id = undefined;
    this.element.hidden = true;
  }

  async run(trying: Trying): Promise<void> {
    this.stop();
    const controller = (this.#running = new AbortController());
    this.#begin();
    try {
      for await (const line of trying(controller.signal)) {
        if (this.#running !== controller) return;
        this.#take(line);
      }
      if (this.#status.dataset['ended'] === undefined) throw new Refusal(0);
    } catch (error) {
      if (this.#running !== controller) return;
      this.#end(controller.signal.aborted ? this.#t('sidebar.try.stopped') : refusalWords(this.#t, error));
    }
    this.#running = undefined;
    this.#changed();
    await this.refresh();
  }

  /** Asks for the waterfall as long as there may be news. */
  async refresh(): Promise<void> {
    const id = this.#id;
    if (id === undefined || (this.#trace !== undefined && this.#trace.outcome !== 'running')) return;
    const trace = await askTrace(id).catch(() => undefined);
    if (this.#id !== id) return;
    // One that is gone already is no failure of this page, and does not come back.
    if (trace === undefined) {
      if (!this.isRunning) this.#id = undefined;
      return;
    }
    this.#trace = trace;
    this.#waterfall.element.hidden = false;
    this.#waterfall.show(trace);
  }

  #begin(): void {
    this.#id = undefined;
    this.#trace = undefined;
    this.element.hidden = false;
    this.#waterfall.element.hidden = true;
    this.#facts.show([]);
    this.#showHint(undefined);
    this.#answer.replaceChildren();
    this.#answer.hidden = true;
    delete this.#status.dataset['ended'];
    setText(this.#status, this.#t('sidebar.try.running'));
    this.#changed();
  }

  #take(line: TrialLine): void {
    switch (line.type) {
      case 'begin':
        this.#id = line.id;
        return;
      case 'text':
        return this.#append(line.text);
      case 'restart':
        return this.#answer.replaceChildren();
      case 'end':
        return this.#complete(line);
      case 'fail':
        this.#showHint(line.hint);
        return this.#end(`${kindWords(this.#t, line.error)}: ${line.message}`);
      default:
        line satisfies never;
    }
  }

  #append(text: string): void {
    this.#answer.hidden = false;
    const isAtEnd = this.#answer.scrollHeight - this.#answer.scrollTop - this.#answer.clientHeight < 20;
    const [last] = this.#answer.childNodes;
    const room = mostText - (last?.textContent?.length ?? 0);
    if (last instanceof Text) last.appendData(text.slice(0, Math.max(0, room)));
    else this.#answer.append(text.slice(0, mostText));
    if (isAtEnd) this.#answer.scrollTop = this.#answer.scrollHeight;
  }

  #complete({ text, backend, model, usage, cost, ms }: TrialLine & { type: 'end' }): void {
    const t = this.#t;
    this.#answer.hidden = text === '';
    setText(this.#answer, text.slice(0, mostText));
    this.#facts.show([
      { label: t('sidebar.fact.backend'), value: backend },
      { label: t('sidebar.fact.model'), value: model },
      { label: t('sidebar.fact.tokens'), value: t(usage.estimated ? 'sidebar.fact.tokensEstimated' : 'sidebar.live.tokens', { input: figure(usage.inputTokens), output: figure(usage.outputTokens) }) },
      ...(cost ? [{ label: t('sidebar.fact.cost'), value: dollars(cost.usd) }] : []),
      { label: t('sidebar.fact.took'), value: duration(ms) },
    ]);
    this.#end(t('sidebar.try.complete'));
  }

  #end(words: string): void {
    this.#status.dataset['ended'] = '';
    setText(this.#status, words);
  }

  #showHint(hint: string | undefined): void {
    this.#hint.hidden = hint === undefined;
    setText(this.#hint, hint ?? '');
  }
}
