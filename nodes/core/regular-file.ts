/** Reads a file whose name came from outside. Behind a name may stand a pipe that nobody writes to, a device, a socket, or a file without an end. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { LlmError } from './errors.ts';

/** A pipe is opened without waiting for its other end. Windows has neither flag. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
const pieceBytes = 1024 ** 2;

/**
 * Never waits for somebody else, and never reads more than `maxBytes`, however much a file grows meanwhile.
 * @throws LlmError `invalid_request` for what is no regular file, or a larger one; the system's own error, whose code tells, where it cannot be opened
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Buffer> {
  // Before it is opened: some devices do something already then.
  check(await stat(path), maxBytes);
  const file = await open(path, flags);
  try {
    // Another one may stand there by now.
    const facts = await file.stat();
    check(facts, maxBytes);
    return await readUpTo(file, facts.size, maxBytes);
  } finally {
    await file.close();
  }
}

function check(facts: Stats, maxBytes: number): void {
  if (!facts.isFile()) throw new LlmError('invalid_request', 'It is no file.');
  if (facts.size > maxBytes) throw tooLarge(maxBytes);
}

/** Some files, such as those of /proc, are longer than they say. */
async function readUpTo(file: FileHandle, size: number, maxBytes: number): Promise<Buffer> {
  let whole = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(whole, length, Math.min(pieceBytes, whole.length - length), null);
    if (bytesRead === 0) return whole.subarray(0, length);
    length += bytesRead;
    if (length > maxBytes) throw tooLarge(maxBytes);
    if (length === whole.length) whole = Buffer.concat([whole], Math.min(maxBytes + 1, 2 * length + pieceBytes));
  }
}

function tooLarge(maxBytes: number): LlmError {
  return new LlmError('invalid_request', `The file is larger than ${Math.round(maxBytes / 1024 ** 2)} MB.`, { hint: 'Divide it, or raise the bound.' });
}
