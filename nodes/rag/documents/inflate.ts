/** Whether something inflates to more than it may, found out without holding more than that. */
import { constants, inflateRawSync, inflateSync } from 'node:zlib';

const chunkSize = 256 * 1024;

/** Of zlib, for bytes that it cannot inflate. */
const damaged: ReadonlySet<string> = new Set(['Z_DATA_ERROR', 'Z_BUF_ERROR', 'Z_NEED_DICT', 'Z_STREAM_ERROR']);

/**
 * What it inflates to; undefined where that is more. What is damaged before that is nothing: its reader stops there, too. `raw` is the form of zip files, the other one that of PDF.
 */
export function inflateUpTo(bytes: Uint8Array, maxBytes: number, { raw }: { raw: boolean }): Buffer | undefined {
  try {
    return (raw ? inflateRawSync : inflateSync)(bytes, { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH, chunkSize });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    if (damaged.has(code)) return Buffer.alloc(0);
    throw error;
  }
}
