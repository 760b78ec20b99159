/** Flows of an older version: brings what stands in a flow file to the shape of today. Read by the runtime and by the editor. */
import { type NodeConfig, type Step, stepsOf } from './steps.ts';

/** Of a flow that says nothing: it was saved by 0.1. */
const firstVersion = 1;

/** What the nodes of a type have in `version` when they are saved today: one more than there are steps. */
export function versionOf(type: string): number {
  return after(stepsOf(type));
}

/**
 * The config as this palette saves it, in an object of its own. One of today, or of a palette that is newer than this one, comes back as
 * it is.
 */
export function migrated<Config extends NodeConfig>(type: string, config: Config): Config {
  return migratedBy(stepsOf(type), config);
}

/** See {@link migrated}; the first step leads from version 1 to version 2. */
export function migratedBy<Config extends NodeConfig>(steps: readonly Step[], config: Config): Config {
  const from = readVersion(config.version);
  if (from >= after(steps)) return config;
  const changed = steps.slice(from - firstVersion).reduce<NodeConfig>((today, step) => step(today), config);
  return { ...changed, version: after(steps) } as Config;
}

function after(steps: readonly Step[]): number {
  return firstVersion + steps.length;
}

/** A person may have written anything there. */
function readVersion(given: unknown): number {
  const version = Number(given);
  return Number.isInteger(version) && version > firstVersion ? version : firstVersion;
}
