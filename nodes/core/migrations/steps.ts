/**
 * What has changed in the flow file since 0.1, by the type of the node.
 *
 * A new property with a default needs no step: who reads it takes the default where it is missing. A step is for what means something else
 * today, or is called otherwise. It gets the config of the version before it, gives one of its own, and does not change what it was given.
 * Any property may be missing or be of the wrong kind, for people write flows by hand. Steps are never changed once they are released.
 */

/** What stands in a flow file for one node; credentials are no part of it. */
export interface NodeConfig {
  /** Missing in flows of 0.1. */
  readonly version?: unknown;
  readonly [property: string]: unknown;
}

export type Step = (config: NodeConfig) => NodeConfig;

/** By type, the oldest step first. */
const steps: Readonly<Record<string, readonly Step[] | undefined>> = {};

export function stepsOf(type: string): readonly Step[] {
  return Object.hasOwn(steps, type) ? (steps[type] ?? []) : [];
}
