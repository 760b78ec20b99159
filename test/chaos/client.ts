/** A client of the gateway that believes nothing: what comes back is one whole answer to its own prompt, or one failure in its API's form. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from '../support/chance.ts';
import { answerTo } from './provider.ts';

export type Api = 'openai' | 'anthropic';

/** No request may take longer, whatever happens to it. */
const longestMs = 30_000;

/** How one request ended: `answered`, `hung up`, or the failure's name. @throws AssertionError where it ended in no way that is allowed */
export async function askOnce(url: string, chance: Chance, { hangsUp = chance.oneIn(4) } = {}): Promise<string> {
  const api = chance.pick<Api>(['openai', 'openai', 'anthropic']);
  const stream = chance.oneIn(2);
  const mark = `mark-${randomBytes(8).toString('hex')}`;
  const hangUp = new AbortController();
  const late = AbortSignal.timeout(longestMs);
  if (hangsUp) void delay(chance.below(400)).then(() => hangUp.abort());
  const said = `${api}, ${stream ? 'streamed' : 'whole'}, ${mark}`;
  try {
    const response = await fetch(`${url}${api === 'openai' ? '/v1/chat/completions' : '/v1/messages'}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'default', max_tokens: 9000, stream, messages: [{ role: 'user', content: `Say ${mark} again.` }] }),
      signal: AbortSignal.any([hangUp.signal, late]),
    });
    const body = await response.text();
    return check(body, response, { api, mark, said });
  } catch (error) {
    if (hangUp.signal.aborted && !late.aborted) return 'hung up';
    if (late.aborted) assert.fail(`${said}: nothing came to an end within ${longestMs} ms.`);
    if (error instanceof assert.AssertionError) throw error;
    const { cause } = error as { cause?: unknown };
    assert.fail(`${said}: the connection broke without an outcome: ${String(error)}, ${String(cause)}`);
  }
}

interface Asked {
  readonly api: Api;
  readonly mark: string;
  readonly said: string;
}

function check(body: string, { status, headers }: Response, asked: Asked): string {
  const type = headers.get('content-type') ?? '';
  const told = `${asked.said}: ${status} ${type} ${body.slice(0, 300)}`;
  assert.match(type, /^(?:application\/json|text\/event-stream)/, told);
  if (type.startsWith('text/event-stream')) return checkStream(body, asked, told);
  const json = JSON.parse(body) as Json;
  if (status !== 200) return failureIn(json, asked, told);
  checkText(asked.api === 'openai' ? json.choices?.[0]?.message?.content : json.content?.map(({ text }) => text).join(''), asked, told);
  return 'answered';
}

interface Json {
  type?: string;
  error?: { type?: string; code?: string; message?: string };
  choices?: Array<{ message?: { content?: string }; delta?: { content?: string }; finish_reason?: string | null }>;
  content?: Array<{ text?: string }>;
  delta?: { text?: string };
}

function checkStream(body: string, asked: Asked, told: string): string {
  const data = body.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
  const isEnded = data.at(-1) === '[DONE]';
  const events = data.filter((line) => line !== '[DONE]').map((line) => JSON.parse(line) as Json);
  const text = events.map(({ choices, delta }) => (asked.api === 'openai' ? choices?.[0]?.delta?.content : delta?.text) ?? '').join('');
  const failures = events.filter(({ error }) => error);
  if (failures.length > 0) {
    assert.equal(failures.length, 1, told);
    assert.ok(isBeginning(text, asked.mark), `${told}: what came before the failure is no beginning of the answer`);
    return failureIn(failures[0] as Json, asked, told);
  }
  const isFinished = asked.api === 'openai' ? isEnded && events.some(({ choices }) => choices?.[0]?.finish_reason) : events.at(-1)?.type === 'message_stop';
  assert.ok(isFinished, `${told} … ${body.slice(-300)}: the stream ends without its end`);
  checkText(text, asked, told);
  return 'answered';
}

/** The answer, or that of a server that goes on and on. */
function checkText(text: string | undefined, { mark }: Asked, told: string): void {
  assert.ok(text === answerTo(mark) || (text?.startsWith(answerTo(mark)) && isOfMark(text, mark) && text.trimEnd().endsWith('.4999')), `${told}: not the whole answer`);
}

function isBeginning(text: string, mark: string): boolean {
  return answerTo(mark).startsWith(text) || (text.startsWith(answerTo(mark)) && isOfMark(text, mark));
}

function isOfMark(text: string, mark: string): boolean {
  return text.replaceAll(new RegExp(String.raw`${mark}\.\d+ ?`, 'g'), '') === '' || text.split(' ').slice(0, -1).every((word) => word.startsWith(`${mark}.`));
}

function failureIn({ type, error }: Json, { api, mark }: Asked, told: string): string {
  assert.ok(typeof error?.message === 'string' && error.message !== '' && typeof error.type === 'string', told);
  if (api === 'anthropic') assert.equal(type, 'error', told);
  assert.ok(!error.message.includes(mark), `${told}: the failure repeats what was asked`);
  return error.code ?? error.type;
}
