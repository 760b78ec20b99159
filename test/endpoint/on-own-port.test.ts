/** The endpoint's tests once more, on a port of its own. */
import { useOwnPort } from '../support/port.ts';

await useOwnPort();
for (const name of ['endpoint', 'deploys', 'fuzz', 'hang-ups', 'names', 'raw-sockets', 'standing-still']) await import(`./${name}.test.ts`);
