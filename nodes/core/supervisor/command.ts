/** What is run: a program, its arguments as they are, and variables for its environment. */
import { hash } from 'node:crypto';
import type { Bounds } from './bounds.ts';

export interface Command {
  /** A path, or a name that is found in PATH. */
  readonly executable: string;
  /** Handed over as they are: there is no shell between. */
  readonly args: readonly string[];
  /** Set beside the process's own. A value may be a secret. */
  readonly env: Readonly<Record<string, string>>;
  readonly bounds?: Bounds | undefined;
}

/** Two commands with the same one start the same server. It tells nothing of the values in it. */
export function digestOf({ executable, args, env, bounds }: Command): string {
  const variables = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', JSON.stringify([executable, args, variables, ...(bounds ? [bounds] : [])]));
}

/** What must not be read in a log: the variables, and the arguments that follow one such as `--api-key`. */
export function secretsOf({ args, env }: Command): string[] {
  return [...Object.values(env), ...args.filter((_, index) => namesSecret.test(args[index - 1] ?? ''))];
}

const namesSecret = /^-.*(key|token|password|secret)$/i;
