/** The figures of a node, or of all requests: a few numbers, two charts, and today. */
import { count, dollars, duration, figure, percent } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { LiveFigures } from '../api.ts';
import { type Fact, FactsView } from './facts-view.ts';
import { RequestsChart, TimesChart } from './sparkline.ts';
import type { Translate } from './texts.ts';

export class FiguresView {
  readonly element: HTMLElement;
  readonly #t: Translate;
  readonly #facts = new FactsView('llm-figures');
  readonly #requests = new RequestsChart();
  readonly #times = new TimesChart();
  readonly #rate = element('span', 'llm-value');
  readonly #answer: TimesLine;
  readonly #firstToken: TimesLine;
  readonly #today = element('p', 'llm-today');

  constructor(t: Translate) {
    this.#t = t;
    this.#answer = new TimesLine(t, 'llm-key-p50', 'sidebar.live.answer');
    this.#firstToken = new TimesLine(t, 'llm-key-first', 'sidebar.live.firstToken');
    const requests = element('div', 'llm-chart-box', element('p', 'llm-caption', `${t('sidebar.live.requests')} `, this.#rate));
    const times = element('div', 'llm-chart-box', this.#answer.element, this.#firstToken.element);
    requests.append(this.#requests.element);
    times.append(this.#times.element);
    this.element = element('div', 'llm-body', this.#facts.element, element('div', 'llm-charts', requests, times), this.#today);
  }

  /** `minutes` is how long the charts reach back; `facts` come before those that everything has. */
  show(figures: LiveFigures, minutes: number, facts: readonly Fact[]): void {
    const t = this.#t;
    this.#facts.show([...facts, { label: t('sidebar.live.speed'), value: figure(figures.outputTokensPerSecond) }, { label: t('sidebar.live.failed'), value: percent(figures.failedPercent) }]);
    setText(this.#rate, `${figure(figures.requestsPerSecond)}/s`);
    this.#answer.show(figures.p50Ms, figures.p95Ms);
    this.#firstToken.show(figures.firstTokenP50Ms, figures.firstTokenP95Ms);
    const requests = figures.series.reduce((sum, step) => sum + step.requests, 0);
    const failed = figures.series.reduce((sum, step) => sum + step.failed, 0);
    this.#requests.show(figures.series, t('sidebar.live.requestsChart', { minutes, requests, failed }));
    this.#times.show(figures.series, t('sidebar.live.timesChart', { minutes }));
    setText(this.#today, this.#todayWords(figures));
  }

  #todayWords({ today }: LiveFigures): string {
    const t = this.#t;
    if (today.requests === 0) return t('sidebar.live.todayNone');
    const tokens = t('sidebar.live.tokens', { input: count(today.inputTokens), output: count(today.outputTokens) });
    const cached = today.cachedTokens > 0 ? [t('sidebar.live.cached', { cached: count(today.cachedTokens) })] : [];
    const failed = today.failed > 0 ? [t('sidebar.live.todayFailed', { failed: count(today.failed) })] : [];
    const cost = today.costUsd > 0 ? [dollars(today.costUsd)] : [];
    return [t('sidebar.live.today', { requests: count(today.requests) }), ...failed, tokens, ...cached, ...cost].join(' · ');
  }
}

/** What half of the answers and all but a few take; its mark is the key of the chart. */
class TimesLine {
  readonly element: HTMLElement;
  readonly #value = element('span', 'llm-value');

  constructor(t: Translate, key: string, label: string) {
    this.element = element('p', 'llm-caption', element('span', `llm-key ${key}`), ` ${t(label)} `, this.#value);
    this.element.title = t('sidebar.live.percentiles');
  }

  show(p50: number | undefined, p95: number | undefined): void {
    setText(this.#value, p50 === undefined || p95 === undefined ? '–' : `${duration(p50)} · ${duration(p95)}`);
  }
}
