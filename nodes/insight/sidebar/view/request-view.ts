/** One request in full: its waterfall, its figures, what it said, and the button that sends it again. */
import { count, dollars, duration } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { RequestTrace } from '../api.ts';
import { actingButton, allow, showInstead, smallButton } from './buttons.ts';
import { ContentView } from './content-view.ts';
import { type Fact, FactsView } from './facts-view.ts';
import { icon, outcomeSigns, showSign } from './icons.ts';
import { clock } from './request-row.ts';
import { askTrace, Refusal, replay } from './runtime.ts';
import type { Surroundings } from './surroundings.ts';
import { outcomeWords, type Translate } from './texts.ts';
import { TrialPanel } from './trial-panel.ts';
import { WaterfallView } from './waterfall-view.ts';

export class RequestView {
  readonly element: HTMLElement;
  readonly #surroundings: Surroundings;
  readonly #back: HTMLButtonElement;
  readonly #sign = icon();
  readonly #title = element('h3', 'llm-request-title');
  readonly #note = element('p', 'llm-remark');
  readonly #hint = element('p', 'llm-hint');
  readonly #body: HTMLElement;
  readonly #facts = new FactsView('llm-facts');
  readonly #waterfall: WaterfallView;
  readonly #content: ContentView;
  readonly #replay: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #trial: TrialPanel;
  #id = '';
  #trace: RequestTrace | undefined;
  #isGone = false;

  /** `left` is called when the person goes back. */
  constructor(surroundings: Surroundings, left: () => void) {
    const { t } = surroundings;
    this.#surroundings = surroundings;
    this.#waterfall = new WaterfallView(surroundings);
    this.#content = new ContentView(t);
    this.#trial = new TrialPanel(surroundings, () => this.#showReplay());
    this.#back = smallButton(surroundings, 'fa-arrow-left', 'sidebar.requests.back', left);
    this.#replay = actingButton(surroundings, 'fa-repeat', 'sidebar.replay', () => void this.#trial.run(replay(this.#id)));
    this.#stop = smallButton(surroundings, 'fa-stop', 'sidebar.try.stop', () => this.#trial.stop());
    const head = element('div', 'llm-request-head', this.#sign, this.#title);
    const foot = element('div', 'llm-buttons', this.#replay, this.#stop);
    this.#body = element('div', '', this.#hint, this.#waterfall.element, this.#facts.element, this.#content.element, foot, this.#trial.element);
    this.element = element('div', 'llm-request-view', this.#back, head, this.#note, this.#body);
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      left();
    });
  }

  /** Shows another request, as soon as it is known. */
  open(id: string): void {
    this.#id = id;
    this.#trace = undefined;
    this.#isGone = false;
    this.#trial.clear();
    this.#body.hidden = true;
    setText(this.#title, '');
    this.#say(this.#surroundings.t('sidebar.requests.loading'));
    this.#back.focus();
  }

  close(): void {
    this.#trial.clear();
  }

  /** Asks for it while it runs; what it is replayed by, too. */
  async refresh(): Promise<void> {
    if (!this.#isGone && (this.#trace === undefined || this.#trace.outcome === 'running')) await this.#ask(this.#id);
    await this.#trial.refresh();
  }

  async #ask(id: string): Promise<void> {
    try {
      const trace = await askTrace(id);
      if (this.#id === id) this.#show(trace);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 404) throw error;
      if (this.#id !== id) return;
      this.#isGone = true;
      this.#say(this.#surroundings.t('sidebar.requests.gone'));
    }
  }

  #show(trace: RequestTrace): void {
    const { t, canvas } = this.#surroundings;
    this.#trace = trace;
    this.#say(undefined);
    this.#body.hidden = false;
    showSign(this.#sign, outcomeSigns[trace.outcome]);
    setText(this.#title, `${outcomeWords(t, trace.outcome, trace.error)} · ${canvas.nameOf(trace.entry)} · ${clock(trace.at)}`);
    this.#hint.hidden = trace.hint === undefined;
    setText(this.#hint, trace.hint ?? '');
    this.#waterfall.show(trace);
    this.#facts.show(requestFacts(t, trace));
    this.#content.show(trace);
    this.#showReplay();
  }

  #showReplay(): void {
    const { t } = this.#surroundings;
    const { content, isContentHidden, outcome } = this.#trace ?? {};
    const isWhole = content?.canReplay === true;
    const reason = isContentHidden ? t('sidebar.content.hidden') : content === undefined ? t('sidebar.replay.noContent') : isWhole ? undefined : t('sidebar.replay.cut');
    allow(this.#surroundings, this.#replay, t('sidebar.replay.title'), outcome === 'running' ? t('sidebar.replay.running') : reason);
    if (this.#trial.isRunning) showInstead(this.#stop, this.#replay);
    else showInstead(this.#replay, this.#stop);
  }

  #say(note: string | undefined): void {
    this.#note.hidden = note === undefined;
    setText(this.#note, note ?? '');
  }
}

function requestFacts(t: Translate, trace: RequestTrace): Fact[] {
  const { ms, firstTokenMs, inputTokens, outputTokens, costUsd, backend, model, route, client, status, requestId, attempts } = trace;
  const facts: [string, string | undefined][] = [
    ['took', ms === undefined ? undefined : duration(ms)],
    ['firstToken', firstTokenMs === undefined ? undefined : duration(firstTokenMs)],
    ['tokens', outputTokens === undefined ? undefined : t('sidebar.live.tokens', { input: count(inputTokens ?? 0), output: count(outputTokens) })],
    ['cost', costUsd === undefined ? undefined : dollars(costUsd)],
    ['attempts', String(attempts)],
    ['backend', backend],
    ['model', model],
    ['route', route],
    ['client', client],
    ['status', status === undefined ? undefined : String(status)],
    ['requestId', requestId],
  ];
  return facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [{ label: t(`sidebar.fact.${name}`), value }]));
}
