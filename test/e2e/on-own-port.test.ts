/** The end-to-end tests of endpoints once more, on a port of their own. */
import { useOwnPort } from '../support/port.ts';

await useOwnPort();
for (const name of ['endpoint-access', 'endpoint-ai-sdk', 'endpoint-clients', 'endpoint-embeddings', 'endpoint-failures', 'deploys']) await import(`./${name}.test.ts`);
