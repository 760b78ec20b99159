/** A supervisor of the fake model server, and what a test wants to see of it. */
import { chmodSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/port.ts';
import type { Command } from '../../nodes/core/supervisor/command.ts';
import { recordFileOf } from '../../nodes/core/supervisor/orphans.ts';
import type { SupervisorOptions } from '../../nodes/core/supervisor/options.ts';
import { restartDefaults } from '../../nodes/core/supervisor/restarts.ts';
import { watchdogDefaults } from '../../nodes/core/supervisor/watchdog.ts';
import { Supervisor, type SupervisorFacts } from '../../nodes/core/supervisor/supervisor.ts';
import { testFolder } from './folder.ts';
import { scriptedProvider } from './scripted-client.ts';

/** The fake server as a program of its own: its arguments are none for Node.js. */
export function fakeLlamaServer(folder: string): string {
  const path = `${folder}/llama-server`;
  const script = fileURLToPath(new URL('fake-llama-server.ts', import.meta.url));
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

export interface Supervised {
  readonly supervisor: Supervisor;
  readonly options: SupervisorOptions;
  readonly url: string;
  readonly recordFile: string;
  readonly folder: string;
  /** All states since it was made, each once in a row. */
  readonly states: string[];
  /** Resolves with the facts when they fit. */
  readonly until: (fits: ((facts: SupervisorFacts) => boolean) | SupervisorFacts['state']) => Promise<SupervisorFacts>;
  /** The same server as another process would run it: with these options instead. */
  readonly another: (options?: Partial<SupervisorOptions>, env?: Record<string, string>) => Supervised;
}

/** `say`: what the server writes to its log at first. */
export async function supervised(t: TestContext, env: Record<string, string> = {}, { say, ...options }: Partial<SupervisorOptions> & { say?: string } = {}): Promise<Supervised> {
  const { path: folder } = testFolder(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const recordFile = recordFileOf(folder, port);
  const command = (variables: Record<string, string>): Command => ({ executable: fakeLlamaServer(folder), args: ['--host', '127.0.0.1', '--port', String(port), ...(say === undefined ? [] : ['--say', say])], env: variables });
  const check = async (signal: AbortSignal) => {
    const { status } = await fetch(`${url}/health`, { signal });
    return status === 200 ? ('ready' as const) : ('loading' as const);
  };
  const restarts = { ...restartDefaults, firstDelayMs: 10, maxDelayMs: 20, maxRestarts: 2 };
  const basic: SupervisorOptions = { provider: scriptedProvider, command: command(env), address: { host: '127.0.0.1', port }, recordFile, check, waitMs: 10_000, idleStopMs: 0, restarts, watchdog: watchdogDefaults, stopWithinMs: 5_000 };

  function make(given: SupervisorOptions): Supervised {
    const supervisor = new Supervisor(given);
    t.after(() => supervisor.stop());
    const states: string[] = [];
    supervisor.subscribe(() => {
      if (states.at(-1) !== supervisor.state) states.push(supervisor.state);
    });
    const until: Supervised['until'] = (fits) => {
      const isSo = typeof fits === 'string' ? (facts: SupervisorFacts) => facts.state === fits : fits;
      return new Promise((resolve) => {
        const look = () => {
          const { facts } = supervisor;
          if (!isSo(facts)) return;
          clearInterval(timer);
          end();
          resolve(facts);
        };
        const end = supervisor.subscribe(look);
        // New lines in the log are not told of.
        const timer = setInterval(look, 5);
        look();
      });
    };
    const another: Supervised['another'] = (others = {}, variables) => make({ ...given, ...(variables && { command: command(variables) }), ...others });
    return { supervisor, options: given, url, recordFile, folder, states, until, another };
  }
  return make({ ...basic, ...options });
}

/** Whether a process runs; one that has ended but was not reaped does not. */
export { identityOf } from '../../nodes/core/supervisor/identity.ts';

export const never = new AbortController().signal;
