/** The sidebar: three tabs, of which one is shown and asks for what it shows. */
import { element, setText } from '../../../editor/dom.ts';
import type { LiveFacts } from '../api.ts';
import { Canvas } from './canvas.ts';
import { LiveView } from './live-view.ts';
import { Polling } from './polling.ts';
import { RequestsView } from './requests-view.ts';
import { askLive } from './runtime.ts';
import type { Surroundings } from './surroundings.ts';
import { TabBar } from './tab-bar.ts';
import { refusalWords, type Translate } from './texts.ts';
import { TryView } from './try-view.ts';

const everyMs = 500;
/** Where the figures are not what is shown, they need not be so fresh. */
const liveEveryMs = 5_000;
const mostMs = 10_000;

interface View {
  readonly element: HTMLElement;
  show(facts: LiveFacts): void;
  /** Asks for what it shows besides the facts. */
  ask?(): Promise<void>;
}

export class Sidebar {
  readonly element: HTMLElement;
  readonly #t: Translate;
  readonly #problem = element('p', 'llm-problem');
  readonly #views: ReadonlyMap<string, View>;
  readonly #requests: RequestsView;
  readonly #tabs: TabBar;
  readonly #polling: Polling;
  readonly #canvas: Canvas;
  #isInSight = false;
  #facts: LiveFacts | undefined;
  #liveSince = -Infinity;

  constructor(t: Translate) {
    this.#t = t;
    const mayWrite = RED.user.hasPermission('llm.write');
    this.#canvas = new Canvas(() => RED.notify(t('sidebar.problem.missing'), 'warning'));
    const surroundings: Surroundings = { t, mayWrite, canvas: this.#canvas, act: (action) => void this.#act(action) };
    const live = new LiveView(surroundings);
    this.#requests = new RequestsView(surroundings);
    this.#views = new Map<string, View>([['live', live], ['requests', this.#requests], ['try', new TryView(surroundings)]]);
    this.#tabs = new TabBar(t, [...this.#views].map(([id, { element }]) => ({ id, panel: element })), () => this.#turned());
    this.#problem.setAttribute('role', 'status');
    const readOnly = element('p', 'llm-remark llm-read-only', t('sidebar.readOnly'));
    readOnly.hidden = mayWrite;
    this.element = element('div', 'llm-sidebar', this.#tabs.element, this.#problem, readOnly, ...[...this.#views.values()].map(({ element }) => element));
    this.#polling = new Polling({
      everyMs,
      mostMs,
      isWanted: () => this.#isInSight && document.visibilityState === 'visible',
      ask: () => this.#ask(),
      failed: (error) => setText(this.#problem, error === undefined ? '' : refusalWords(t, error)),
      resumed: () => this.#startOver(),
    });
    this.#watch();
  }

  /** Asks as soon as it comes into sight, and when its window does. */
  #watch(): void {
    new IntersectionObserver((entries) => {
      this.#isInSight = entries.at(-1)?.isIntersecting === true;
      this.#polling.wake();
    }).observe(this.element);
    document.addEventListener('visibilitychange', () => this.#polling.wake());
  }

  get #view(): View | undefined {
    return this.#views.get(this.#tabs.active);
  }

  async #ask(): Promise<void> {
    const view = this.#view;
    if (this.#tabs.active === 'live' || performance.now() - this.#liveSince >= liveEveryMs) {
      this.#facts = await askLive();
      this.#canvas.learn(this.#facts.nodes);
      this.#liveSince = performance.now();
      this.#showFacts();
    }
    await view?.ask?.();
  }

  #showFacts(): void {
    if (!this.#facts) return;
    this.#view?.show(this.#facts);
  }

  #turned(): void {
    this.#showFacts();
    this.#polling.wake();
  }

  #startOver(): void {
    this.#requests.startOver();
    this.#liveSince = -Infinity;
  }

  async #act(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      RED.notify(refusalWords(this.#t, error), 'error');
    }
    this.#polling.wake();
  }
}
