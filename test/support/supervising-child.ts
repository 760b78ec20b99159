/** A process that runs a model server, as Node-RED does, and can be killed. Takes the options as JSON; tells the server's pid when it is ready. */
import type { SupervisorOptions } from '../../nodes/core/supervisor/options.ts';
import { supervisors } from '../../nodes/core/supervisor/supervisors.ts';
import { scriptedProvider } from './scripted-client.ts';

const given = JSON.parse(process.argv[2] ?? '') as SupervisorOptions;
const check = async () => {
  const { ok } = await fetch(`http://127.0.0.1:${given.address.port}/health`);
  return ok ? ('ready' as const) : ('loading' as const);
};
const supervisor = supervisors.claim('child', { ...given, provider: scriptedProvider, check });
supervisor.subscribe(() => {
  if (supervisor.state === 'ready') process.send?.({ pid: supervisor.facts.pid });
});
supervisor.start();
// The server does not keep it alive, and an order to end does.
process.on('message', (order) => {
  if (order === 'throw') setImmediate(() => { throw new Error('A defect.'); });
  else process.exit(0);
});
