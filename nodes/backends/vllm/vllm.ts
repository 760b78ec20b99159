import type { NodeAPI } from 'node-red';
import { parseJson } from '../../core/answer-bound.ts';
import { readChoice, readNumber } from '../../core/fields.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import { type BackendConfig, registerBackend } from '../../runtime/backend-node.ts';
import { registerLocalServer } from '../../runtime/local-server.ts';
import { VllmClient } from './client.ts';
import { VllmServer } from './server.ts';

interface VllmConfig extends BackendConfig {
  api?: string;
  topK?: unknown;
  minP?: unknown;
  repetitionPenalty?: unknown;
  /** A JSON schema as text. */
  guidedJson?: unknown;
}

export default function register(RED: NodeAPI): void {
  registerLocalServer(RED, { type: 'llm-vllm-server', open: (fields, owner) => new VllmServer(fields, owner) });
  registerBackend<VllmConfig, VllmServer>(RED, {
    type: 'llm-vllm',
    connection: 'server',
    client: (config, server) =>
      new VllmClient(server.http, {
        api: readChoice('api', config.api, ['chat', 'completions', 'generate']),
        topK: readNumber('topK', config.topK, { min: -1, max: 1_000_000, integer: true }),
        minP: readNumber('minP', config.minP, { min: 0, max: 1 }),
        repetitionPenalty: readNumber('repetitionPenalty', config.repetitionPenalty, { min: 0, max: 10 }),
        guidedJson: readSchema(config.guidedJson),
      }),
  });
}

/** @throws RangeError for text that is no JSON object */
function readSchema(given: unknown): JsonObject | undefined {
  if (given === undefined || given === '') return undefined;
  const schema = typeof given === 'string' ? parseJson(given) : given;
  if (!isRecord(schema)) throw new RangeError('guidedJson must be a JSON schema: a JSON object.');
  return schema;
}
