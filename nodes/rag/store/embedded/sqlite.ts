/** Node.js's own SQLite. */

/**
 * Loaded when it is needed, and without the warning that it is experimental: that says nothing to people who read Node-RED's log,
 * and the versions that it is used in are tested.
 */
export function sqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
