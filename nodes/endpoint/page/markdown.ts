/** Markdown as this page reads it: CommonMark with GitHub's tables and strikethrough. HTML is text like any other. */
import MarkdownIt from 'markdown-it/browser';

/** Lists and quotes in one another: what is nested deeper is a paragraph. The parser would leave it out. */
const deepest = 20;

export const markdown = new MarkdownIt({ html: false, linkify: true });

// Without a scheme, README.md would be a page in Moldova.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
markdown.validateLink = (url) => isRelative(url) || safeUrl(url) !== undefined;
markdown.block.ruler.before('table', 'deepest', (state, from, end, silent) => {
  if (state.level < deepest) return false;
  if (silent) return true;
  state.push('paragraph_open', 'p', 1).map = [from, end];
  const inline = state.push('inline', '', 0);
  inline.content = state.getLines(from, end, state.blkIndent, false).trim();
  inline.map = [from, end];
  inline.children = [];
  state.push('paragraph_close', 'p', -1);
  state.line = end;
  return true;
});

/** The address as a browser would use it, or undefined where it is not one to click on. */
export function safeUrl(text: string): string | undefined {
  if (!/^(?:https?:\/\/|mailto:)/i.test(text)) return undefined;
  try {
    const { username, password, href } = new URL(text);
    // A user name before the host only ever disguises it.
    return username === '' && password === '' ? href : undefined;
  } catch {
    return undefined;
  }
}

/** It leads from a page that the text came from, and from here to nowhere: its words are shown, and no link. */
function isRelative(url: string): boolean {
  return !/^(?:[a-z][a-z\d+.-]*:|\/\/|[\\/]{2})/i.test(url);
}
