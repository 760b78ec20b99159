/** Makes any checkout ready to run: checks the tools, installs what is missing, and builds. Runs on plain Node.js 20. */
import { install } from './install.mjs';
import { run } from './node24.mjs';
import { nodeProblem, npmProblem } from './tools.mjs';

/** Returns when everything is in place; otherwise says in one sentence what is not, and ends the process. */
export async function prepare() {
  const problem =
    nodeProblem(process.versions.node) ??
    npmProblem(process.env.npm_config_user_agent) ??
    (await install(commandOf(process.env.npm_lifecycle_event)));
  if (problem) {
    console.error(problem);
    process.exit(1);
  }

  const code = await run(['scripts/build.ts']);
  if (code !== 0) process.exit(code);
}

/**
 * What the person typed, for "run … again".
 *
 * @param {string | undefined} script the npm script that runs
 */
export function commandOf(script = 'start') {
  return ['start', 'test'].includes(script) ? `npm ${script}` : `npm run ${script}`;
}
