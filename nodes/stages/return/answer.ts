/** What a message is to the stage that waits, where it comes back through nodes of any kind: an answer or a failure. */
import type { Node } from 'node-red';
import { isDeepStrictEqual } from 'node:util';
import { withCitations } from '../../core/citations.ts';
import { classifyAnswer } from '../../core/classify.ts';
import { Answer, type Completion } from '../../core/completion.ts';
import { LlmError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import type { Headers } from '../../core/retry-after.ts';
import { completeUsage } from '../../core/tokens.ts';
import type { LlmMessage, Outcome } from '../../runtime/calls.ts';
import { foreignFailure } from '../../runtime/foreign-nodes.ts';

/** What other nodes leave on a message. */
interface ForeignMessage extends LlmMessage {
  /** Of a Catch node. */
  error?: { source?: { name?: string; type?: string } };
  /** Of the http request node: a status, or the network's error code. */
  statusCode?: unknown;
  headers?: unknown;
}

const provider = { id: 'flow', label: 'The server in the branch', url: '' };

/** `before` is the message as it went into the branch: what it had already tells nothing of the branch. */
export function outcomeOf(msg: ForeignMessage, before: ForeignMessage, node: Node): Outcome {
  const isNew = (property: keyof ForeignMessage) => !isDeepStrictEqual(msg[property], before[property]);
  const completion = isNew('completion') && isCompletion(msg.completion) ? msg.completion : undefined;
  // A status from before a backend answered tells nothing of the answer; one from after it does.
  const isAnswered = (completion !== undefined && completion.text === msg.payload) || !(isNew('statusCode') || isNew('headers'));
  const failure = (isNew('error') && caught(msg)) || (!isAnswered && refused(msg)) || undefined;
  if (failure) return { ok: false, failure };
  const text = textOf(msg.payload);
  if (text === undefined) return { ok: false, failure: empty() };
  msg.completion = withCitations(completion ? withText(completion, text) : completionOf(text, node), msg.llm);
  return { ok: true, msg };
}

/** Another palette may mean something else by the name. */
function isCompletion(value: unknown): value is Completion {
  const { message, timing, attempts } = (value ?? {}) as Partial<Completion>;
  return isRecord(message) && isRecord(timing) && Array.isArray(attempts);
}

function caught({ error }: ForeignMessage): LlmError | undefined {
  return isRecord(error) && isRecord(error.source) ? foreignFailure(error.source) : undefined;
}

function empty(): LlmError {
  return new LlmError('server', 'The branch came back without an answer in msg.payload.', { hint: 'Put text, or what JSON can hold, there before llm-return.' });
}

function refused({ statusCode, headers, payload }: ForeignMessage): LlmError | undefined {
  if (typeof statusCode === 'number' && statusCode >= 400) return classifyAnswer({ status: statusCode, headers: headersOf(headers), body: payload, provider });
  if (typeof statusCode === 'string' && /^E[A-Z_]+$/.test(statusCode)) {
    return new LlmError('unavailable', `${provider.label} cannot be reached (${statusCode}).`, { hint: 'See that it runs, and that its address is right.' });
  }
  return undefined;
}

function headersOf(headers: unknown): Headers {
  return isRecord(headers) ? Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])) : {};
}

function textOf(payload: unknown): string | undefined {
  if (payload === undefined || payload === null) return undefined;
  if (typeof payload === 'string') return payload;
  if (Buffer.isBuffer(payload)) return payload.toString();
  try {
    return JSON.stringify(payload);
  } catch {
    return undefined;
  }
}

/** The payload is the answer's text, also where nodes behind a backend have changed it. */
function withText(completion: Completion, text: string): Completion {
  return completion.text === text ? completion : { ...completion, text, message: { ...completion.message, content: text } };
}

/** The tokens are estimates, and those of the prompt are not known here; the stage sets the times. */
function completionOf(text: string, { id, name, type }: Node): Completion {
  const answer = new Answer();
  answer.add({ type: 'text', text });
  return {
    text,
    message: answer.message,
    finishReason: 'stop',
    provider: provider.id,
    model: '',
    backend: { id, name: name || type, type },
    usage: completeUsage(answer, []),
    timing: { queuedMs: 0, totalMs: 0 },
    attempts: [],
  };
}
