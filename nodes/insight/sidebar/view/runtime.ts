/** The admin routes, as the sidebar asks them. Whatever goes wrong is a {@link Refusal}. */
import type { LiveFacts, Refused, RequestList, RequestTrace, Trial, TrialLine } from '../api.ts';
import { readJsonLines } from './json-lines.ts';

/** What Node-RED said no to, or did not answer at all: then the status is 0. */
export class Refusal extends Error {
  readonly status: number;
  /** What Node-RED said; empty where it said nothing that is for people. */
  readonly reason: string;

  constructor(status: number, reason = '') {
    super(reason || `HTTP ${status}`);
    this.status = status;
    this.reason = reason;
  }
}

/** Node-RED that takes longer is as good as gone. */
const timeoutMs = 10_000;

export function askLive(): Promise<LiveFacts> {
  return ask('llm/live');
}

export function askRequests(after: number): Promise<RequestList> {
  return ask(`llm/requests?after=${after}`);
}

/** With what was asked and answered, where the person may see that. */
export function askTrace(id: string): Promise<RequestTrace> {
  return ask(`llm/requests/${encodeURIComponent(id)}${RED.user.hasPermission('llm.content') ? '/content' : ''}`);
}

export function setTripped(node: string, trip: boolean): Promise<void> {
  return ask(`llm/nodes/${encodeURIComponent(node)}/breaker`, { trip });
}

export function setDrained(node: string, branch: string, drain: boolean): Promise<void> {
  return ask(`llm/nodes/${encodeURIComponent(node)}/drain`, { branch, drain });
}

export type Trying = (signal: AbortSignal) => AsyncIterable<TrialLine>;

export function tryOut(trial: Trial): Trying {
  return (signal) => stream('llm/try', trial, signal);
}

export function replay(id: string): Trying {
  return (signal) => stream(`llm/requests/${encodeURIComponent(id)}/replay`, {}, signal);
}

async function ask<Answer>(url: string, body?: object): Promise<Answer> {
  try {
    const sent = body && { method: 'POST', contentType: 'application/json', data: JSON.stringify(body) };
    return (await $.ajax({ url, timeout: timeoutMs, ...sent })) as Answer;
  } catch (error) {
    const { status, responseJSON } = error as JQuery.jqXHR;
    throw new Refusal(status, (responseJSON as Partial<Refused> | undefined)?.message);
  }
}

/** jQuery has no streams. */
async function* stream(path: string, body: object, signal: AbortSignal): AsyncGenerator<TrialLine, void> {
  const { apiRootUrl } = RED.settings as { apiRootUrl?: string };
  const response = await fetch((apiRootUrl ?? '') + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...authorization() },
    body: JSON.stringify(body),
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? error : new Refusal(0);
  });
  if (!response.ok) {
    const { message } = (await response.json().catch(() => ({}))) as Partial<Refused>;
    throw new Refusal(response.status, message);
  }
  if (response.body) yield* readJsonLines<TrialLine>(response.body);
}

/** The token of the editor's login, where it has one. */
function authorization(): Record<string, string> {
  const tokens = RED.settings.get<{ access_token?: string } | null>('auth-tokens', null);
  return tokens?.access_token === undefined ? {} : { Authorization: `Bearer ${tokens.access_token}` };
}
