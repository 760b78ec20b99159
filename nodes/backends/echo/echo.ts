import type { NodeAPI } from 'node-red';
import { failureKinds, type FailureKind } from '../../core/errors.ts';
import { readChoice, readNumber } from '../../core/fields.ts';
import { type BackendConfig, registerBackend } from '../../runtime/backend-node.ts';
import type { Connection } from '../../runtime/connection.ts';
import { EchoClient, echoModes, echoProvider } from './client.ts';

interface EchoConfig extends BackendConfig {
  mode?: unknown;
  tokensPerSecond?: unknown;
  delayMs?: unknown;
  faultKind?: string;
  faultPercent?: unknown;
  faultAfterTokens?: unknown;
}

/** The echo needs no server: there is nothing to test, to list or to close. */
const connection: Connection = {
  provider: echoProvider,
  prices: { table: {}, otherwise: { input: 0, output: 0 } },
  test: () => Promise.resolve('The echo answers by itself.'),
  models: () => Promise.resolve(['echo']),
  close: () => Promise.resolve(),
};

export default function register(RED: NodeAPI): void {
  registerBackend<EchoConfig, Connection>(RED, {
    type: 'llm-echo',
    connection: () => connection,
    client: (config) => {
      const kind = readKind(config.faultKind);
      const percent = readNumber('faultPercent', config.faultPercent, { min: 0, max: 100 }) ?? 100;
      const afterTokens = readNumber('faultAfterTokens', config.faultAfterTokens, { min: 0, max: 1_000_000 }) ?? 0;
      return new EchoClient({
        model: config.model || 'echo',
        mode: readChoice('mode', config.mode, echoModes),
        tokensPerSecond: readNumber('tokensPerSecond', config.tokensPerSecond, { min: 0, max: 1_000_000 }) ?? 20,
        delayMs: readNumber('delayMs', config.delayMs, { min: 0, max: 3_600_000 }) ?? 0,
        ...(kind && { fault: { kind, percent, afterTokens } }),
      });
    },
  });
}

function readKind(kind: string | undefined): FailureKind | undefined {
  if (!kind) return undefined;
  const known = failureKinds.find((one) => one === kind);
  if (!known) throw new RangeError('faultKind is no kind of failure.');
  return known;
}
