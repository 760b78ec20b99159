/** Word documents (.docx) as Markdown; images are left out. */
import mammoth from 'mammoth';
import { type Content, isAllocationFailure, noMemory, type ReadingBounds, refusal } from './document.ts';
import { readHtml } from './html.ts';
import { checkZip } from './zip.ts';

/** How the files begin that older versions of Word write, and newer ones where there is a password. */
const oldFormat = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

/** The title: its first heading. @throws LlmError `invalid_request` for files that are no .docx, or unpack to more than they may */
export async function readWord(bytes: Uint8Array, bounds: ReadingBounds): Promise<Content> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.subarray(0, 4).equals(oldFormat)) throw refusal('The Word document is protected by a password, or in the format before 2007.', 'Save it as .docx without a password.');
  const isWhole = checkZip(buffer, bounds);
  const content = readHtml(await toHtml(buffer, isWhole));
  const first = content.blocks.find((block) => block.type === 'heading');
  return { ...content, title: first?.type === 'heading' ? first.text : undefined };
}

async function toHtml(buffer: Buffer, isWhole: boolean): Promise<string> {
  try {
    const { value } = await mammoth.convertToHtml({ buffer }, { styleMap: ["p[style-name='Title'] => h1:fresh"], convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: '' })) });
    return value;
  } catch (error) {
    if (isAllocationFailure(error) || (isWhole && isCutOff(error))) throw noMemory();
    throw refusal('The Word document is damaged, or no Word document.', 'Open it in Word, and save it as .docx again.');
  }
}

/** The library unpacks what there is memory for, and then misses the rest. */
function isCutOff(error: unknown): boolean {
  return error instanceof Error && error.message.includes('data size mismatch');
}
