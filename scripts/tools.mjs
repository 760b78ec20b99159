/** Says whether the machine's Node.js and npm are new enough, in a sentence that a person can act on. */

const oldestNode = 20;
const oldestNpm = 9;

/**
 * @param {string} version such as `20.11.0`
 * @returns {string | undefined} what is wrong
 */
export function nodeProblem(version) {
  if (major(version) >= oldestNode) return undefined;
  return `Node.js ${oldestNode} or newer is needed and this is ${version}. Install it from https://nodejs.org.`;
}

/**
 * @param {string | undefined} userAgent what npm puts into `npm_config_user_agent`: `npm/11.1.0 node/v24.0.0 …`
 * @returns {string | undefined} what is wrong
 */
export function npmProblem(userAgent) {
  const version = userAgent?.match(/\bnpm\/(\d\S*)/)?.[1];
  if (!version || major(version) >= oldestNpm) return undefined;
  return `npm ${oldestNpm} or newer is needed and this is ${version}. Run npm install --global npm@10.`;
}

/** @param {string} version */
function major(version) {
  return Number.parseInt(version, 10);
}
