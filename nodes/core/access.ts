/** Who may come in where a node serves HTTP: everybody, those with a key, or nobody, for what was asked for is missing. Read by the runtime and by the editor. */

/** What stands in a flow file; the first is also what a flow says that was saved before there was a choice. */
export const accessChoices = ['', 'everybody', 'keys'] as const;
export type AccessChoice = (typeof accessChoices)[number];

/** What is known where nobody has chosen. */
export interface Evidence {
  /** There is a key that somebody could send. */
  readonly hasKeys: boolean;
  /** There was one, or may have been: something was asked for that is not there now. */
  readonly hadKeys: boolean;
}

export type Access = 'everybody' | 'keys' | 'closed';

/** What was asked for and is missing keeps everybody out. */
export function accessFor(choice: AccessChoice, { hasKeys, hadKeys }: Evidence): Access {
  switch (choice) {
    case 'everybody':
      return 'everybody';
    case 'keys':
      return hasKeys ? 'keys' : 'closed';
    case '':
      if (hasKeys) return 'keys';
      return hadKeys ? 'closed' : 'everybody';
  }
}

/** What the runtime tells the editor of a node that serves HTTP. */
export interface AccessReport {
  readonly id: string;
  readonly access: Access;
  readonly hasKeys: boolean;
}

/** Of an environment variable that is not set Node-RED leaves the reference: whoever reads the flow file would have the key. */
export function isUnsetVariable(text: string): boolean {
  return /^\$\{[^}]*\}$|^\$\([^)]*\)$/.test(text);
}
