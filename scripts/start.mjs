/** `npm start`: from a fresh clone to a Node-RED with the palette in it. */
import { run } from './node24.mjs';
import { prepare } from './prepare.mjs';

await prepare();
process.exitCode = await run(['scripts/serve.ts']);
