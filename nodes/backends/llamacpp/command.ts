/** The command line of llama-server. */
import { readChoice } from '../../core/fields.ts';
import type { Command } from '../../core/supervisor/command.ts';
import { numberArguments, readArguments, readEnvironment } from '../../core/supervisor/fields.ts';
import type { Address } from '../../core/supervisor/listening.ts';
import type { ConnectionFields } from '../../runtime/connection.ts';
import { flashAttentionChoices, llamaServerNumbers } from './run-fields.ts';

/**
 * The further arguments come last, so that they win. The key goes by the environment: everybody on the machine can read arguments.
 * @throws RangeError for a field that cannot be an argument
 */
export function llamaServerCommand(fields: ConnectionFields, { host, port }: Address): Command {
  const model = String(fields['modelFile'] ?? '').trim();
  const flashAttention = readChoice('flashAttention', fields['flashAttention'], flashAttentionChoices);
  return {
    executable: String(fields['executable'] ?? '').trim() || 'llama-server',
    args: [
      ...(model ? ['--model', model] : []),
      '--host',
      host,
      '--port',
      String(port),
      ...numberArguments(fields, llamaServerNumbers),
      ...(flashAttention ? ['--flash-attn', flashAttention] : []),
      ...readArguments(fields['extraArgs']),
    ],
    env: { ...(fields.apiKey && { LLAMA_API_KEY: fields.apiKey.trim() }), ...readEnvironment(fields['environment']) },
  };
}
