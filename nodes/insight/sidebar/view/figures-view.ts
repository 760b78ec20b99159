/** The figures of a node, or of all requests: a few numbers, two charts, and today. */
import { count, dollars, duration, figure, percent } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { LiveFigures } from '../api.ts';
import { type Fact, FactsView } from './facts-view.ts';
import { RequestsChart, TimesChart } from './sparkline.ts';
import type { Translate } from './texts.ts';

export class FiguresView {
  readonly element: HTMLElement;
  /** What there was today; stands where its owner puts it. */
  readonly today = element('p', 'llm-today');
  readonly #t: Translate;
  readonly #facts = new FactsView('llm-figures');
  readonly #charts: HTMLElement;
  readonly #requests = new RequestsChart();
  readonly #times = new TimesChart();
  readonly #rate = element('span', 'llm-value');
  readonly #answer: TimesLine;
  readonly #firstToken: TimesLine;

  constructor(t: Translate) {
    this.#t = t;
    this.#answer = new TimesLine('llm-key-p50', t('sidebar.live.answer'));
    this.#firstToken = new TimesLine('llm-key-first', t('sidebar.live.firstToken'));
    const requests = element('div', 'llm-chart-box', element('p', 'llm-caption', `${t('sidebar.live.requests')} `, this.#rate));
    requests.append(this.#requests.element);
    const titles = [element('span', ''), element('span', '', 'p50'), element('span', '', element('span', 'llm-key llm-key-p95'), ' p95')];
    const table = element('div', 'llm-times', ...titles, ...this.#answer.cells, ...this.#firstToken.cells);
    table.title = t('sidebar.live.percentiles');
    const times = element('div', 'llm-chart-box', table);
    times.append(this.#times.element);
    this.#charts = element('div', 'llm-charts', requests, times);
    this.element = element('div', '', this.#facts.element, this.#charts);
  }

  /** `stepMs` is that of the series; `facts` come before those that everything has. */
  show(figures: LiveFigures, stepMs: number, facts: readonly Fact[]): void {
    const t = this.#t;
    this.#facts.show([...facts, { label: t('sidebar.live.speed'), value: figure(figures.outputTokensPerSecond) }, { label: t('sidebar.live.failed'), value: percent(figures.failedPercent) }]);
    setText(this.today, this.#todayWords(figures));
    const minutes = Math.round((figures.series.length * stepMs) / 60_000);
    const requests = figures.series.reduce((sum, step) => sum + step.requests, 0);
    const failed = figures.series.reduce((sum, step) => sum + step.failed, 0);
    // An empty chart says nothing that the figures do not.
    this.#charts.hidden = requests === 0;
    setText(this.#rate, `${figure(figures.requestsPerSecond)}/s`);
    this.#answer.show(figures.p50Ms, figures.p95Ms);
    this.#firstToken.show(figures.firstTokenP50Ms, figures.firstTokenP95Ms);
    this.#requests.show(figures.series, t('sidebar.live.requestsChart', { minutes, requests, failed }));
    this.#times.show(figures.series, t('sidebar.live.timesChart', { minutes }));
  }

  #todayWords({ today }: LiveFigures): string {
    const t = this.#t;
    if (today.requests === 0) return t('sidebar.live.todayNone');
    const hasTokens = today.inputTokens + today.outputTokens > 0;
    const tokens = hasTokens ? [t('sidebar.live.tokens', { input: count(today.inputTokens), output: count(today.outputTokens) })] : [];
    const cached = today.cachedTokens > 0 ? [t('sidebar.live.cached', { cached: count(today.cachedTokens) })] : [];
    const failed = today.failed > 0 ? [t('sidebar.live.todayFailed', { failed: count(today.failed) })] : [];
    const cost = today.costUsd > 0 ? [dollars(today.costUsd)] : [];
    return [t('sidebar.live.today', { count: today.requests, requests: count(today.requests) }), ...failed, ...tokens, ...cached, ...cost].join(' · ');
  }
}

/** What half of the answers and all but a few take; its mark is the key of the chart. */
class TimesLine {
  readonly cells: HTMLElement[];
  readonly #p50 = element('span', 'llm-value');
  readonly #p95 = element('span', 'llm-value');

  constructor(key: string, label: string) {
    this.cells = [element('span', '', element('span', `llm-key ${key}`), ` ${label}`), this.#p50, this.#p95];
  }

  show(p50: number | undefined, p95: number | undefined): void {
    setText(this.#p50, p50 === undefined ? '–' : duration(p50));
    setText(this.#p95, p95 === undefined ? '–' : duration(p95));
  }
}
