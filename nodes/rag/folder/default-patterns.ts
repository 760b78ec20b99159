/** Which files of a folder are documents where nobody says. Read by the runtime and by the editor. */
import { knownEndings } from '../documents/endings.ts';

export const defaultInclude: readonly string[] = [`**/*.{${knownEndings.join(',')}}`];
export const defaultIgnore: readonly string[] = ['**/node_modules'];
