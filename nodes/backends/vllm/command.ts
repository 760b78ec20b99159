/** The command line of `vllm serve`. */
import { readChoice } from '../../core/fields.ts';
import type { Command } from '../../core/supervisor/command.ts';
import { numberArguments, readArguments, readEnvironment } from '../../core/supervisor/fields.ts';
import type { Address } from '../../core/supervisor/listening.ts';
import type { ConnectionFields } from '../../runtime/connection.ts';
import { dtypeChoices, vllmNumbers } from './run-fields.ts';

/**
 * The further arguments come last, so that they win. The key goes by the environment: everybody on the machine can read arguments.
 * @throws RangeError for a field that cannot be an argument
 */
export function vllmCommand(fields: ConnectionFields, { host, port }: Address): Command {
  const model = String(fields['model'] ?? '').trim();
  const dtype = readChoice('dtype', fields['dtype'], dtypeChoices);
  return {
    executable: String(fields['executable'] ?? '').trim() || 'vllm',
    args: [
      'serve',
      ...(model ? [model] : []),
      '--host',
      host,
      '--port',
      String(port),
      ...numberArguments(fields, vllmNumbers),
      ...(dtype ? ['--dtype', dtype] : []),
      ...readArguments(fields['extraArgs']),
    ],
    env: { ...(fields.apiKey && { VLLM_API_KEY: fields.apiKey.trim() }), ...readEnvironment(fields['environment']) },
  };
}
