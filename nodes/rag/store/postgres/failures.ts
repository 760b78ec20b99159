/** What Postgres and the way to it say, as failures. Nothing of the address but its host is told. */
import { isLlmError, LlmError } from '../../../core/errors.ts';

/** For the error's code: an SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html), or a system error's name. */
export function toFailure(error: unknown, host: string): LlmError {
  if (isLlmError(error)) return error;
  const code = codeOf(error);
  const known = byCode(code, host);
  if (known) return known;
  return new LlmError('server', `The database of the knowledge store failed (${code ?? (error instanceof Error ? error.name : typeof error)}).`, { hint: 'Please report it with the Node-RED log.' });
}

export function codeOf(error: unknown): string | undefined {
  // Where a name has several addresses, each has its own error.
  if (error instanceof AggregateError && !('code' in error)) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // The driver has no code for these.
  return /timeout|terminated|Connection ended/i.test(error.message) ? 'ECONNRESET' : undefined;
}

function byCode(code: string | undefined, host: string): LlmError | undefined {
  switch (code) {
    case undefined:
      return undefined;
    case 'ERR_INVALID_URL':
      return new LlmError('misconfigured', 'The address of the database is no URL.', { hint: 'Write postgres://user:password@host:5432/database.' });
    case '28P01':
    case '28000':
      return new LlmError('auth', `The database at ${host} refuses the user or the password.`, { hint: 'Look at both in the address of the database.' });
    case '42501':
      return new LlmError('auth', `The user may not do this in the database at ${host}.`, { hint: 'Let it create tables in its schema.' });
    case '3D000':
      return new LlmError('not_found', `There is no such database at ${host}.`, { hint: 'Create it, or look at the end of the address.' });
    case '57014':
    case '55P03':
      return new LlmError('timeout', `The database at ${host} took too long.`, { hint: 'Look at what else it does.' });
    case '53100':
      return new LlmError('unavailable', `The disk of the database at ${host} is full.`, { hint: 'Make room on it.' });
    case '53300':
      return new LlmError('overloaded', `The database at ${host} takes no more connections.`, { hint: 'Allow more, or let fewer programs use it.' });
    case '54000':
      return new LlmError('invalid_request', 'A passage is too long for Postgres.', { hint: 'Cut documents into shorter passages.' });
    default:
      if (/^(E[A-Z]+|08...|57P0.)$/.test(code)) return new LlmError('unavailable', `The database at ${host} cannot be reached.`, { hint: 'Start it, or look at the address.' });
      return undefined;
  }
}

/** Where vectors were wanted. */
export function toExtensionFailure(error: unknown, host: string): LlmError {
  const code = codeOf(error);
  if (code === '42501') {
    return new LlmError('auth', 'The user of the database may not add the extension "vector".', { hint: 'Let an administrator run: CREATE EXTENSION vector;' });
  }
  // Which one depends on what is missing of it, and on the version.
  if (code === '0A000' || code === '58P01' || code === '42704') {
    return new LlmError('misconfigured', `The database at ${host} has no extension "vector", so it keeps no vectors.`, { hint: 'Install pgvector there, or search by words only.' });
  }
  return toFailure(error, host);
}
