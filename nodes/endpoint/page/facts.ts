/** What stands below an answer, in words. */
import type { Answer } from './conversation.ts';
import { placeOf } from '../../core/passage-place.ts';
import { dollars, duration, figure } from '../../core/units.ts';
import type { Attempt, Citation } from './wire.ts';

export interface Fact {
  /** What the value is, for those who cannot guess it from its look. */
  label: string;
  value: string;
}

/** Who answered, how fast and for how much. */
export function factsOf({ llm, usage }: Answer): Fact[] {
  const facts: Fact[] = [];
  if (llm?.backend !== undefined) facts.push({ label: 'Backend', value: llm.backend });
  if (llm?.route !== undefined) facts.push({ label: 'Route', value: llm.route });
  const { tokensPerSecond, totalMs } = llm?.timing ?? {};
  if (tokensPerSecond !== undefined) facts.push({ label: 'Speed', value: `${figure(tokensPerSecond)} tok/s` });
  const { prompt_tokens: sent, completion_tokens: received } = usage ?? {};
  const tokens = [sent !== undefined && `${figure(sent)} in`, received !== undefined && `${figure(received)} out`].filter((part) => part !== false);
  if (tokens.length > 0) facts.push({ label: 'Tokens', value: tokens.join(', ') });
  if (totalMs !== undefined) facts.push({ label: 'Time', value: duration(totalMs) });
  if (llm?.costUsd !== undefined) facts.push({ label: 'Cost', value: dollars(llm.costUsd) });
  return facts;
}

/** What the answer cites: the place in a document, and where the document is. */
export interface Source {
  number: string;
  place: string;
  /** Undefined where the place says it already. */
  path?: string;
  /** The path, where it is the address of a page. */
  link?: string;
}

export function sourcesOf({ llm }: Answer): Source[] {
  // Not toSorted: browsers of 2022 lack it.
  return [...(llm?.citations ?? [])].sort((one, other) => one.number - other.number).map(describeCitation); // oxlint-disable-line unicorn/no-array-sort
}

/** What was tried in vain before the answer, or before it was given up. */
export function failedAttempts({ llm }: Answer): string[] {
  const failed = llm?.attempts.filter(({ outcome }) => outcome !== 'ok') ?? [];
  return failed.map(describeAttempt);
}

/** Why an answer ended, where that is not as it should be. */
export function noteOf({ state, text, finishReason }: Answer): string | undefined {
  if (state === 'stopped') return 'Stopped.';
  if (state === 'interrupted') return 'Interrupted: the page was left before the answer was complete.';
  if (state !== 'done') return undefined;
  if (finishReason === 'length') return 'Cut off: the answer has reached its limit of tokens.';
  if (finishReason === 'content_filter') return 'Cut off by the content filter of the provider.';
  if (finishReason === 'tool_calls') return 'The model wants to use a tool. This page has none.';
  return text.trim() === '' ? 'The model gave no text.' : undefined;
}

function describeCitation({ number, title, headings, source, page }: Citation): Source {
  const place = placeOf(title || source, headings) || 'a passage';
  return {
    number: `[${number}]`,
    place: place + (page === undefined ? '' : `, page ${page}`),
    ...(title !== '' && source !== '' && source !== title && { path: source }),
    ...(/^https?:\/\//i.test(source) && { link: source }),
  };
}

function describeAttempt({ backend, branch, outcome, error, ms }: Attempt): string {
  const place = branch === undefined ? backend : `${branch} · ${backend}`;
  const why = (error ?? outcome).replaceAll('_', ' ');
  return `${place}: ${why}${ms === undefined ? '' : `, after ${duration(ms)}`}`;
}
