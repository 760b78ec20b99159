/** Appends lines to a file: all of them or none. A disk that becomes full takes a part of what it is given. */
import { type FileHandle, open } from 'node:fs/promises';

/** `mode` is that of a file that is made. A line that a killed process has left unfinished ends before these begin. @throws where not all of it could be written */
export async function appendWhole(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'a', mode);
  try {
    const { size } = await file.stat();
    const isWhole = size === 0 || (await endsLine(path, size));
    await writeOrTakeBack(file, size, isWhole ? text : `\n${text}`);
  } finally {
    await file.close();
  }
}

async function writeOrTakeBack(file: FileHandle, size: number, text: string): Promise<void> {
  try {
    await file.appendFile(text);
  } catch (error) {
    // Where not even this can be done, the next write finds a line that does not end.
    await file.truncate(size).catch(() => undefined);
    throw error;
  }
}

/** The file itself is open for appending alone, as the rights to it may allow no more; what cannot be read counts as whole. */
async function endsLine(path: string, size: number): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
      return bytesRead === 0 || buffer[0] === newline;
    } finally {
      await file.close();
    }
  } catch {
    return true;
  }
}

const newline = 0x0a;
