/** PDF: the text of its pages, with the paragraphs that the distances between lines show. */
import { getDocumentProxy } from 'unpdf';
import { type Block, type Content, isAllocationFailure, type ReadingBounds, refusal } from './document.ts';
import { checkPdfStreams } from './pdf-streams.ts';
import { paragraphsOf } from './plain.ts';

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;
type Items = Awaited<ReturnType<Awaited<ReturnType<Pdf['getPage']>>['getTextContent']>>['items'];

/** Lines further apart than this, in heights of their letters, belong to two paragraphs. */
const paragraphGap = 1.8;

/** @throws LlmError `invalid_request` for files that are damaged, protected, without text, or unpack to more than they may */
export async function readPdf(bytes: Uint8Array, bounds: ReadingBounds): Promise<Content> {
  checkPdfStreams(bytes, bounds);
  const pdf = await open(bytes);
  try {
    const pages: string[] = [];
    for (let number = 1; number <= pdf.numPages; number++) pages.push(await readPage(pdf, number));
    if (pages.every((page) => page.trim() === '')) throw refusal('The PDF holds no text: its pages are images.', 'Let a program for text recognition (OCR) add the text.');
    return { ...join(pages), ...(await readFacts(pdf)) };
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function open(bytes: Uint8Array): Promise<Pdf> {
  try {
    // It detaches what it is given.
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') throw refusal('The PDF is protected by a password.', 'Save it without one.');
    if (isAllocationFailure(error)) throw error;
    throw damaged();
  }
}

async function readPage(pdf: Pdf, number: number): Promise<string> {
  try {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    page.cleanup();
    return textOf(items);
  } catch (error) {
    if (isAllocationFailure(error)) throw error;
    throw damaged(`Its page ${number} cannot be read.`);
  }
}

function damaged(more = ''): Error {
  return refusal(`The PDF is damaged, or no PDF. ${more}`.trim(), 'Open it in a PDF reader, and save it again.');
}

/** Words that are divided at the end of a line come together again. */
function textOf(items: Items): string {
  let text = '';
  let lastY = 0;
  let isLineEnd = false;
  for (const item of items) {
    if (!('str' in item)) continue;
    const y = Number(item.transform[5]);
    if (isLineEnd && item.str.trim() !== '') {
      const isParagraph = Math.abs(lastY - y) > paragraphGap * (item.height || Infinity);
      text += isParagraph ? '\n\n' : '\n';
      isLineEnd = false;
    }
    text += item.str;
    if (item.hasEOL) isLineEnd = true;
    if (item.str.trim() !== '') lastY = y;
  }
  return text.replace(/(?<=\p{L})[-\u00AD]\n(?=\p{Ll})/gu, '');
}

function join(pages: readonly string[]): { text: string; blocks: Block[] } {
  const blocks: Block[] = [];
  let text = '';
  for (const [at, page] of pages.entries()) {
    if (page.trim() === '') continue;
    const from = text.length;
    text += `${page}\n\n`;
    for (const block of paragraphsOf(`${page}\n\n`)) blocks.push({ ...block, start: from + block.start, end: from + block.end, page: at + 1 });
  }
  return { text, blocks };
}

async function readFacts(pdf: Pdf): Promise<Pick<Content, 'title' | 'metadata'>> {
  // A PDF without readable facts is one all the same.
  const { info } = await pdf.getMetadata().catch(() => ({ info: {} }));
  const { Title: title, Author: author } = info as { Title?: unknown; Author?: unknown };
  return {
    // Word writes its own name before that of the file.
    title: typeof title === 'string' ? title.replace(/^Microsoft Word - /, '').trim() : undefined,
    metadata: { pages: pdf.numPages, ...(typeof author === 'string' && author.trim() !== '' && { author: author.trim() }) },
  };
}
