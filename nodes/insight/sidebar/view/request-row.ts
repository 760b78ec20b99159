/** A request in the list: a button with two lines. */
import { count, dollars, duration } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { RequestRow } from '../api.ts';
import { icon, outcomeSigns, showSign } from './icons.ts';
import type { RowView } from './keyed-list.ts';
import type { Surroundings } from './surroundings.ts';
import { outcomeWords } from './texts.ts';

export class RequestItem implements RowView<RequestRow> {
  readonly element: HTMLElement;
  readonly #surroundings: Surroundings;
  readonly #sign = icon();
  readonly #time = element('span', 'llm-time');
  readonly #path = element('span', 'llm-path');
  readonly #ms = element('span', 'llm-ms');
  readonly #facts = element('span', 'llm-row-facts');
  readonly #outcome = element('span', 'llm-outcome');

  constructor(surroundings: Surroundings, { id }: RequestRow) {
    this.#surroundings = surroundings;
    const first = element('span', 'llm-request-line', this.#sign, this.#path, this.#ms);
    const second = element('span', 'llm-request-line llm-row-more', this.#time, this.#outcome, this.#facts);
    const button = element('button', 'llm-request', first, second);
    button.type = 'button';
    button.dataset['request'] = id;
    this.element = element('li', '', button);
  }

  update(row: RequestRow): void {
    showSign(this.#sign, outcomeSigns[row.outcome]);
    setText(this.#time, clock(row.at));
    // Where it came to the backend itself, one name says it.
    const { t, canvas } = this.#surroundings;
    const entry = canvas.nameOf(row.entry);
    setText(this.#path, row.backend === undefined || row.backend === row.entry.name ? entry : `${entry} → ${row.backend}`);
    setText(this.#ms, row.ms === undefined ? '' : duration(row.ms));
    // The usual is for those alone who cannot see its sign.
    this.#outcome.className = row.outcome === 'ok' ? 'llm-unseen' : `llm-outcome llm-${outcomeSigns[row.outcome].tone}`;
    setText(this.#outcome, outcomeWords(t, row.outcome, row.error));
    setText(this.#facts, this.#words(row).join(' · '));
  }

  #words({ attempts, inputTokens, outputTokens, costUsd, client, route, model }: RequestRow): string[] {
    const { t } = this.#surroundings;
    const words = [
      attempts > 1 && t('sidebar.requests.attempts', { count: attempts }),
      outputTokens !== undefined && t('sidebar.requests.tokens', { input: count(inputTokens ?? 0), output: count(outputTokens) }),
      costUsd !== undefined && costUsd > 0 && dollars(costUsd),
      client,
      route,
      model,
    ];
    return words.filter((word): word is string => typeof word === 'string' && word !== '');
  }
}

/** The time of day where the person is. */
export function clock(at: string): string {
  return new Date(at).toLocaleTimeString([], { hour12: false });
}
