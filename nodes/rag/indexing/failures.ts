/** Whose failure it is: a document's, which the others need not suffer for, or that of the whole run. */
import { type FailureKind, isLlmError, LlmError, toLlmError } from '../../core/errors.ts';

/** What is wrong with one document. */
export class DocumentFailure extends Error {
  readonly failure: LlmError;

  constructor(failure: LlmError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The kinds that a store or an embedding model has for what one document holds. */
const ofWhatItIsGiven: ReadonlySet<FailureKind> = new Set(['invalid_request', 'context_length', 'content_filter']);
/** An embedding model may also break on one text; where it is broken altogether, its breaker opens after a few. */
const ofEmbedding: ReadonlySet<FailureKind> = new Set([...ofWhatItIsGiven, 'server', 'timeout', 'out_of_memory']);

/** Loading and reading: every failure is the document's, unless there is to be no more reading at all. */
export async function reading<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isLlmError(error)) throw new DocumentFailure(unreadable(error));
    throw error.kind === 'cancelled' ? error : new DocumentFailure(error);
  }
}

export async function embedding<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const failure = toLlmError(error);
    throw ofEmbedding.has(failure.kind) ? new DocumentFailure(failure) : failure;
  }
}

/** The failure of one document; undefined where it is the run's. */
export function asDocumentFailure(error: unknown): LlmError | undefined {
  if (error instanceof DocumentFailure) return error.failure;
  return isLlmError(error) && ofWhatItIsGiven.has(error.kind) ? error : undefined;
}

/** Messages of other errors may hold what the document says. */
function unreadable(error: unknown): LlmError {
  const { code, name = typeof error } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (code === 'ENOENT') return new LlmError('not_found', 'The file is not there.', { hint: 'It may have been moved meanwhile: index once more.' });
  const why = typeof code === 'string' ? code : String(name);
  return new LlmError('invalid_request', `The document cannot be read (${why}).`, { hint: 'Check that the file is whole and may be read.' });
}
