/** A process of its own, for a small heap: asks the server at the address that it is given, and prints what came of it as JSON. */
import { OpenAiAccount } from '../../nodes/backends/openai/account.ts';
import { OpenAiClient } from '../../nodes/backends/openai/client.ts';
import { Backend } from '../../nodes/core/backend.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { defaultLimits } from '../../nodes/core/limits.ts';
import { requestOf } from './requests.ts';

const account = new OpenAiAccount({ baseUrl: process.argv[2] });
const client = new OpenAiClient(account, { api: 'chat', maxTokensField: 'max_tokens' });
const backend = new Backend({ identity: { id: 'b', name: 'b', type: 'b' }, client, model: 'm', limits: { ...defaultLimits, retries: 0 } });
const failure = await backend.complete(requestOf('Hello')).then(
  () => undefined,
  (error: unknown) => error,
);
if (!(failure instanceof LlmError)) throw new Error('An LlmError was expected.');
const { kind, message, partial } = failure;
process.stdout.write(JSON.stringify({ kind, message, partial: partial?.length ?? 0, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) }));
await account.close();
