/** Draws the waterfall of a request: a row for each span, which opens to all that is known of it. */
import { dollars, duration, figure } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { RequestTrace, Span } from '../api.ts';
import { smallButton } from './buttons.ts';
import { type Fact, FactsView } from './facts-view.ts';
import { icon, outcomeSigns, showSign } from './icons.ts';
import { KeyedList, type RowView } from './keyed-list.ts';
import type { Surroundings } from './surroundings.ts';
import { outcomeWords, type Translate } from './texts.ts';
import { type Bar, layOut, spanMs, type Wait, type WaterfallRow } from './waterfall.ts';

interface DrawnRow extends WaterfallRow {
  readonly totalMs: number;
}

export class WaterfallView {
  readonly element: HTMLElement;
  readonly #ticks = element('div', 'llm-ticks');
  readonly #cut: HTMLElement;
  readonly #rows: KeyedList<DrawnRow>;

  constructor(surroundings: Surroundings) {
    const { t } = surroundings;
    const list = element('ol', 'llm-spans');
    list.setAttribute('aria-label', t('sidebar.waterfall.title'));
    this.#ticks.setAttribute('aria-hidden', 'true');
    this.#cut = element('p', 'llm-remark', t('sidebar.waterfall.cut'));
    this.element = element('div', 'llm-waterfall', this.#ticks, list, this.#cut);
    this.#rows = new KeyedList(list, { key: ({ span }) => span.id, make: ({ span }) => new SpanRow(surroundings, span) });
  }

  show(trace: RequestTrace): void {
    const { totalMs, rows, ticks } = layOut(trace);
    this.#rows.show(rows.map((row) => ({ ...row, totalMs })));
    this.#cut.hidden = !trace.isCut;
    const marks = ticks.map(({ ms, left }) => {
      // There is no room for words at the end.
      const mark = element('span', '', left > 85 ? '' : duration(ms));
      mark.style.left = `${left}%`;
      return mark;
    });
    this.#ticks.replaceChildren(element('div', 'llm-track', ...marks));
  }
}

class SpanRow implements RowView<DrawnRow> {
  readonly element: HTMLElement;
  readonly #surroundings: Surroundings;
  readonly #sign = icon();
  readonly #name = element('span', 'llm-span-name');
  readonly #words = element('span', 'llm-span-words');
  readonly #track = element('span', 'llm-track');
  readonly #facts = new FactsView('llm-facts');
  readonly #hint = element('p', 'llm-hint');
  readonly #summary: HTMLElement;

  constructor(surroundings: Surroundings, { node }: Span) {
    const { canvas } = (this.#surroundings = surroundings);
    this.#track.setAttribute('aria-hidden', 'true');
    const label = element('span', 'llm-span-label', this.#sign, this.#name, this.#words);
    this.#summary = element('summary', 'llm-span', label, this.#track);
    const reveal = node ? [smallButton(surroundings, 'fa-crosshairs', 'sidebar.reveal', () => canvas.reveal(node.id))] : [];
    const more = element('div', 'llm-span-more', this.#hint, this.#facts.element, ...reveal);
    this.element = element('li', '', element('details', '', this.#summary, more));
    canvas.highlightFrom(this.#summary, () => node?.id);
  }

  update({ span, depth, bar, waits, firstToken, totalMs }: DrawnRow): void {
    const { t, canvas } = this.#surroundings;
    const { outcome, error, shadow, hint, node } = span;
    showSign(this.#sign, outcomeSigns[outcome]);
    setText(this.#name, span.kind === 'attempt' ? t('sidebar.waterfall.attempt', { number: span.name }) : node ? canvas.nameOf(node) : span.name);
    const words = [outcomeWords(t, outcome, error), duration(spanMs(span, totalMs)), ...(shadow ? [t('sidebar.waterfall.shadow')] : [])];
    setText(this.#words, words.join(' · '));
    this.element.style.setProperty('--llm-depth', String(Math.min(depth, 8)));
    this.#track.replaceChildren(...this.#bars(span, bar, waits, firstToken));
    this.#hint.hidden = hint === undefined;
    setText(this.#hint, hint ?? '');
    const facts = spanFacts(t, span, waits, totalMs);
    this.#facts.show(facts);
    this.#summary.title = facts.map(({ label, value }) => `${label}: ${value}`).join('\n');
  }

  #bars({ outcome, kind, shadow }: Span, bar: Bar, waits: readonly Wait[], firstToken: number | undefined): HTMLElement[] {
    const mark = firstToken === undefined ? [] : [placed('llm-first-token', { left: firstToken, width: 0 })];
    const whole = placed(`llm-bar-span llm-bar-${outcome}${shadow ? ' llm-bar-shadow' : ''}${kind === 'stage' || kind === 'branch' ? ' llm-bar-outer' : ''}`, bar);
    return [whole, ...waits.map((wait) => placed(`llm-bar-wait llm-bar-${wait.kind}`, wait)), ...mark];
  }
}

function placed(className: string, { left, width }: Bar): HTMLElement {
  const made = element('span', className);
  made.style.left = `${left}%`;
  made.style.width = `${width}%`;
  return made;
}

function spanFacts(t: Translate, span: Span, waits: readonly Wait[], totalMs: number): Fact[] {
  const { usage, cost, model, provider, firstTokenMs, startMs, kind } = span;
  const sum = (waitKind: Wait['kind']) => waits.filter((wait) => wait.kind === waitKind).reduce((ms, wait) => ms + wait.ms, 0);
  const facts: (Fact | false)[] = [
    { label: t('sidebar.fact.what'), value: t(`sidebar.spanKind.${kind}`) },
    { label: t('sidebar.fact.start'), value: duration(startMs) },
    { label: t('sidebar.fact.took'), value: duration(spanMs(span, totalMs)) },
    waits.some((wait) => wait.kind === 'queue') && { label: t('sidebar.fact.queue'), value: duration(sum('queue')) },
    waits.some((wait) => wait.kind === 'backoff') && { label: t('sidebar.fact.backoff'), value: duration(sum('backoff')) },
    firstTokenMs !== undefined && { label: t('sidebar.fact.firstToken'), value: duration(Math.max(0, firstTokenMs - startMs)) },
    usage !== undefined && { label: t('sidebar.fact.tokens'), value: t(usage.estimated ? 'sidebar.fact.tokensEstimated' : 'sidebar.live.tokens', { input: figure(usage.inputTokens), output: figure(usage.outputTokens) }) },
    cost !== undefined && { label: t('sidebar.fact.cost'), value: dollars(cost.usd) },
    model !== undefined && { label: t('sidebar.fact.model'), value: model },
    provider !== undefined && { label: t('sidebar.fact.provider'), value: provider },
  ];
  return facts.filter((fact) => fact !== false);
}
