/** HTML as Markdown, with what is for a reader's eyes: no scripts, no styles. */
import TurndownService from 'turndown';
import { refusal, type Content } from './document.ts';
import { addTables } from './html-tables.ts';
import { readMarkdown } from './markdown.ts';

/** Elements whose text nobody reads on the page. */
const left: TurndownService.Filter = (node) => ['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'SVG', 'IFRAME', 'OBJECT', 'CANVAS', 'TITLE'].includes(node.nodeName.toUpperCase());

const maxDepth = 1_000;

/** Titles: that of the page, else its first heading of level 1. @throws LlmError `invalid_request` for pages that are nested too deeply */
export function readHtml(html: string): Content {
  const { text, title } = toMarkdown(html);
  const content = readMarkdown(text);
  return { ...content, title: title || content.title };
}

/** The encoding that a page declares, as far as its first bytes tell. */
export function declaredCharset(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 2048)).toString('latin1');
  return /<meta\s[^>]{0,200}?charset\s*=\s*["']?([\w.:-]+)/i.exec(head)?.[1];
}

/** Elements that only an end tag ends: what is not ended nests. */
const nesting = /<(\/?)(?:div|span|section|article|main|center|form|fieldset|blockquote|ul|ol|dl|table|a|b|i|u|s|em|strong|font|big|small|code|label)\b/gi;

/** The parser's time grows with the square of the depth. */
function isTooDeep(html: string): boolean {
  let depth = 0;
  for (const [, slash] of html.matchAll(nesting)) {
    depth = Math.max(0, depth + (slash ? -1 : 1));
    if (depth > maxDepth) return true;
  }
  return false;
}

function tooDeep(): Error {
  return refusal('The page is nested too deeply to be read.', 'Save it as text or Markdown.');
}

function toMarkdown(html: string): { text: string; title: string } {
  if (isTooDeep(html)) throw tooDeep();
  let title = '';
  const service = new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced', bulletListMarker: '-', br: '' });
  service.escape = escapeMarks;
  service.addRule('left', {
    filter: left,
    replacement: (_content, node) => {
      // A drawing's parts have titles too.
      if (node.nodeName === 'TITLE' && title === '') title = (node.textContent ?? '').replace(/\s+/g, ' ').trim();
      return '';
    },
  });
  service.addRule('preformatted', { filter: (node) => node.nodeName === 'PRE', replacement: (_content, node) => fenced(node.textContent ?? '') });
  // An address within the site leads nowhere from here, and an image may be megabytes of data.
  service.addRule('link', { filter: (node) => node.nodeName === 'A' && !/^https?:/i.test(node.getAttribute('href') ?? ''), replacement: (content) => content });
  service.addRule('image', { filter: 'img', replacement: (_content, node) => ((node as Element).getAttribute('alt') ?? '').replace(/\s+/g, ' ') });
  addTables(service);
  try {
    return { text: service.turndown(html), title };
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

/** Only what would make a line something else: words such as snake_case stay as people search for them. */
function escapeMarks(text: string): string {
  return text.replace(/^(#{1,6}\s|[-+*>]\s|=+$|-+$|```|~~~|\|)/, '\\$1').replace(/^(\d{1,9})([.)]\s)/, '$1\\$2');
}

function fenced(code: string): string {
  const longest = Math.max(2, ...Array.from(code.matchAll(/`{3,}/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `\n\n${fence}\n${code.replace(/\n$/, '')}\n${fence}\n\n`;
}
