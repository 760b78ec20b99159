/** Word documents (.docx) as Markdown; images are left out. */
import mammoth from 'mammoth';
import { type Content, refusal } from './document.ts';
import { readHtml } from './html.ts';

/** How the files begin that older versions of Word write, and newer ones where there is a password. */
const oldFormat = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

/** The title: its first heading. @throws LlmError `invalid_request` for files that are no .docx */
export async function readWord(bytes: Uint8Array): Promise<Content> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.subarray(0, 4).equals(oldFormat)) throw refusal('The Word document is protected by a password, or in the format before 2007.', 'Save it as .docx without a password.');
  const content = readHtml(await toHtml(buffer));
  const first = content.blocks.find((block) => block.type === 'heading');
  return { ...content, title: first?.type === 'heading' ? first.text : undefined };
}

async function toHtml(buffer: Buffer): Promise<string> {
  try {
    const { value } = await mammoth.convertToHtml({ buffer }, { styleMap: ["p[style-name='Title'] => h1:fresh"], convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: '' })) });
    return value;
  } catch {
    throw refusal('The Word document is damaged, or no Word document.', 'Open it in Word, and save it as .docx again.');
  }
}
