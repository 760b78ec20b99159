/** The conversation as plain data: what is shown, what is sent, and what is kept in the browser. */
import { type Delta, type Failure, type Handling, isObject, parse, readFailure, readHandling, readUsage, text, type Usage } from './wire.ts';

/** `interrupted`: the page was left while the answer came. */
export type AnswerState = 'running' | 'done' | 'stopped' | 'failed' | 'interrupted';

export interface Answer {
  state: AnswerState;
  text: string;
  thinking: string;
  finishReason?: string;
  failure?: Failure;
  usage?: Usage;
  llm?: Handling;
}

export interface Exchange {
  question: string;
  answer: Answer;
}

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** How much is kept. A browser gives all pages of one Node-RED about five million characters together. */
export const bounds = { exchanges: 200, characters: 1_000_000 };

const states: readonly unknown[] = ['running', 'done', 'stopped', 'failed', 'interrupted'] satisfies AnswerState[];

export function newExchange(question: string): Exchange {
  return { question, answer: newAnswer() };
}

export function newAnswer(): Answer {
  return { state: 'running', text: '', thinking: '' };
}

export function add(answer: Answer, delta: Delta): void {
  const { text = '', thinking = '', ...facts } = delta;
  answer.text += text;
  answer.thinking += thinking;
  Object.assign(answer, facts);
  if (delta.failure) answer.state = 'failed';
}

/** What is sent for the last exchange. One without an answer is left out: many models refuse two questions in a row. */
export function toMessages(exchanges: readonly Exchange[], system: string): Message[] {
  const messages: Message[] = [];
  if (system.trim() !== '') messages.push({ role: 'system', content: system });
  for (const { question, answer } of exchanges.slice(0, -1)) {
    if (answer.text.trim() !== '') messages.push({ role: 'user', content: question }, { role: 'assistant', content: answer.text });
  }
  const last = exchanges.at(-1);
  if (last) messages.push({ role: 'user', content: last.question });
  return messages;
}

/** The newest exchanges, as many as the bounds allow, as text. */
export function writeExchanges(exchanges: readonly Exchange[], { exchanges: most, characters } = bounds): string {
  const kept: string[] = [];
  let length = 2;
  for (let at = exchanges.length - 1; at >= 0 && kept.length < most; at--) {
    const json = JSON.stringify(exchanges[at]);
    length += json.length + 1;
    if (length > characters) break;
    kept.push(json);
  }
  // Not toReversed: browsers of 2022 lack it.
  kept.reverse(); // oxlint-disable-line unicorn/no-array-reverse
  return `[${kept.join(',')}]`;
}

/** What an earlier visit wrote. An answer that was coming then has been interrupted; what is not ours is left out. */
export function readExchanges(json: string): Exchange[] {
  const list = parse(json);
  return Array.isArray(list) ? list.flatMap(readExchange) : [];
}

function readExchange(value: unknown): Exchange[] {
  if (!isObject(value) || typeof value['question'] !== 'string' || !isObject(value['answer'])) return [];
  return [{ question: value['question'], answer: readAnswer(value['answer']) }];
}

function readAnswer(value: Record<string, unknown>): Answer {
  const { state, finishReason, failure, usage, llm } = value;
  return {
    state: states.includes(state) && state !== 'running' ? (state as AnswerState) : 'interrupted',
    text: text(value['text']) ?? '',
    thinking: text(value['thinking']) ?? '',
    ...(typeof finishReason === 'string' && { finishReason }),
    ...(isObject(failure) && { failure: readFailure(failure) }),
    ...(isObject(usage) && { usage: readUsage(usage) }),
    ...(isObject(llm) && { llm: readHandling(llm) }),
  };
}
