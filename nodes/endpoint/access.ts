/** What the log says of whom an endpoint lets in. */
import type { Node } from 'node-red';
import type { Parts } from './parts.ts';

/** Once, when the node starts. */
export function tellAccess(node: Node<object>, { path, found: { access, isChosen }, keysProblem }: Pick<Parts, 'path' | 'found' | 'keysProblem'>): void {
  if (keysProblem !== undefined) node.error(keysProblem);
  if (access === 'closed') {
    const why = isChosen ? 'only clients with a key may ask, and it has none' : 'it had keys, or may have had some, and has none now';
    node.error(`The endpoint at ${path} answers nobody: ${why}. Open the node and give it keys, or let everybody in.`);
  } else if (access === 'everybody' && !isChosen) {
    node.warn(`Everybody who reaches ${path} may ask, for nobody has chosen who may. Open the node, and choose it under Access.`);
  }
}
