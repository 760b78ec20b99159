/** What the editor asks: does this account or server work, and which models does it have. */
import type { Request, Response } from 'express';
import type { Node, NodeAPI } from 'node-red';
import { LlmError } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import { mayAct } from './admin-guard.ts';
import { asProblem, type ConnectionNode, type Placed, readSavedKey, type Testable, testableDefinition } from './connection.ts';
import { duration } from '../core/units.ts';

/** As the editor sends them: unsaved values, with the key only where it was typed anew. */
interface Question {
  type: string;
  id: string;
  fields: Record<string, unknown>;
}

/** The apps that have the routes: they outlive every deploy, and a second set would answer twice. */
const installed = new WeakSet<object>();

/** How long an answer to the editor may take. */
const answerWithinMs = 10_000;

export function installAdminRoutes(RED: NodeAPI): void {
  const app = RED.httpAdmin;
  if (!app || installed.has(app)) return;
  installed.add(app);
  const act = mayAct(RED, 'llm.write');
  app.post('/llm/test', act, answerWith(RED, async (connection, signal) => ({ message: await connection.test(signal) })));
  app.post('/llm/models', act, answerWith(RED, async (connection, signal) => ({ models: (await connection.models?.(signal)) ?? [] })));
}

function answerWith(RED: NodeAPI, ask: (connection: Testable, signal: AbortSignal) => Promise<object>) {
  return (req: Request, res: Response): void => {
    const question = readQuestion(req.body);
    if (!question) {
      res.status(400).json({ ok: false, message: 'Type, id and fields of the config node are expected.' });
      return;
    }
    withConnection(RED, question, ask).then(
      (answer) => res.json({ ok: true, ...answer }),
      // A wrong address or key is an answer to the question, not a failure of the route.
      (error: unknown) => res.json({ ok: false, message: asProblem(error).message }),
    );
  };
}

async function withConnection<T>(RED: NodeAPI, question: Question, ask: (connection: Testable, signal: AbortSignal) => Promise<T>): Promise<T> {
  const { type, id, fields } = question;
  const definition = testableDefinition(type);
  if (!definition) throw new RangeError('This kind of config node is not known.');
  const { secret } = definition;
  const saved = RED.nodes.getNode(id) as Node | undefined;
  const typedKey = fields[secret];
  // Another kind of node's key is none of ours to send.
  const savedKey = saved?.type === type ? readSavedKey(saved, secret) : undefined;
  const isTyped = typeof typedKey === 'string' && typedKey !== keptPassword;
  const key = isTyped ? typedKey : savedKey;
  const kept = saved?.type === type ? Object.fromEntries((definition.texts ?? []).map((name) => [name, readSavedKey(saved, name)])) : {};
  const connection = definition.open({ ...kept, ...fields, [secret]: key }, { id, name: '', type, lasting: false });
  // Who may test may not be one who may deploy: what is kept goes where those have said it may go.
  if (((!isTyped && savedKey) || connection.borrowsSecret) && !goesWhereSaved(connection, saved as Placed | undefined)) {
    await connection.close();
    throw new LlmError('invalid_request', 'The address is not the saved one, and a saved key goes to no other.', { hint: 'Type the key once more, or deploy first.' });
  }
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooLate(connection)), answerWithinMs);
  try {
    return await ask(connection, limit.signal);
  } finally {
    clearTimeout(timer);
    await connection.close();
  }
}

/** What is saved without a place that is known has none that could be the same. */
function goesWhereSaved(asked: Testable, saved: (Placed & Pick<Partial<ConnectionNode>, 'connection'>) | undefined): boolean {
  const place = saved?.place ?? saved?.connection?.provider.url;
  return place !== undefined && place === (asked.place ?? asked.provider?.url);
}

function tooLate({ provider }: Testable): LlmError {
  return new LlmError('timeout', `No answer${provider ? ` from ${provider.url}` : ''} within ${duration(answerWithinMs)}.`, {
    provider: provider?.id,
    hint: 'Check the address, the network and the firewall.',
  });
}

/** What the editor shows in the place of a saved password. */
const keptPassword = '__PWRD__';

function readQuestion(body: unknown): Question | undefined {
  if (!isRecord(body)) return undefined;
  const { type, id, fields } = body;
  return typeof type === 'string' && typeof id === 'string' && isRecord(fields) ? { type, id, fields } : undefined;
}
