/** From the parser's tokens to what stands on the page, as plain data: a few tags, each made here, and texts. */
import type { Token } from 'markdown-it/browser';
import { safeUrl } from './markdown.ts';

export type Markup = string | MarkupElement;

export interface MarkupElement {
  tag: Tag;
  attributes: Readonly<Record<string, string>>;
  children: Markup[];
}

/** There is no other one, whatever a model writes. */
export type Tag =
  | 'p' | 'h3' | 'h4' | 'ul' | 'ol' | 'li' | 'input' | 'blockquote' | 'hr'
  | 'div' | 'table' | 'thead' | 'tbody' | 'tr' | 'th' | 'td' | 'pre' | 'button'
  | 'strong' | 'em' | 's' | 'a' | 'code' | 'br' | 'span';

export function markupOf(tokens: readonly Token[], isInLink = false): Markup[] {
  const root: Markup[] = [];
  const open: Markup[][] = [root];
  let links = isInLink ? 1 : 0;
  for (const [at, token] of tokens.entries()) {
    const target = open.at(-1) ?? root;
    if (token.nesting === 1) {
      if (token.type === 'link_open') links++;
      const [outer, inner = outer] = elementOf(token);
      target.push(outer);
      open.push(inner.children);
    } else if (token.nesting === -1) {
      if (token.type === 'link_close') links--;
      open.pop();
    } else if (token.type === 'inline') {
      const children = markupOf(token.children ?? []);
      target.push(...(tokens[at - 2]?.type === 'list_item_open' ? withCheckbox(children) : children));
    } else {
      target.push(leafOf(token, links > 0));
    }
  }
  return root;
}

/** The element, and where its content goes if that is not the same. */
function elementOf(token: Token): [MarkupElement, MarkupElement?] {
  switch (token.type) {
    case 'heading_open':
      // Two levels will do below the headings of the page itself.
      return [element(token.tag === 'h1' || token.tag === 'h2' ? 'h3' : 'h4')];
    case 'paragraph_open':
      // A list that turns out to have gaps would else look different all at once.
      return [element('p')];
    case 'ordered_list_open':
      return [element('ol', { start: attribute(token, 'start') || '1' })];
    case 'bullet_list_open':
      return [element('ul')];
    case 'list_item_open':
      return [element('li')];
    case 'blockquote_open':
      return [element('blockquote')];
    case 'table_open': {
      const table = element('table');
      return [scrolling('div', 'table', 'Table', table), table];
    }
    case 'thead_open':
      return [element('thead')];
    case 'tbody_open':
      return [element('tbody')];
    case 'tr_open':
      return [element('tr')];
    case 'th_open':
      return [element('th', alignmentOf(token))];
    case 'td_open':
      return [element('td', alignmentOf(token))];
    case 'strong_open':
      return [element('strong')];
    case 'em_open':
      return [element('em')];
    case 's_open':
      return [element('s')];
    case 'link_open':
      return [linkOrText(attribute(token, 'href'))];
    default:
      return [element('span')];
  }
}

function leafOf(token: Token, isInLink: boolean): Markup {
  switch (token.type) {
    case 'code_inline':
      return element('code', {}, token.content);
    case 'softbreak':
      return '\n';
    case 'hardbreak':
      return element('br');
    case 'hr':
      return element('hr');
    case 'fence':
    case 'code_block':
      return codeOf(token.info.trim(), token.content.replace(/\n$/, ''));
    case 'image': {
      // Nothing is loaded from elsewhere: who looks at a page is nobody's business.
      const words = markupOf(token.children ?? [], true);
      return isInLink ? element('span', {}, ...words) : linkOrText(attribute(token, 'src'), ...words);
    }
    default:
      return token.content;
  }
}

function codeOf(language: string, text: string): MarkupElement {
  const bar = element('div', { class: 'code-bar' }, element('span', {}, language), element('button', { class: 'plain', type: 'button' }, 'Copy code'));
  return element('div', { class: 'code' }, bar, scrolling('pre', '', language === '' ? 'Code' : `Code in ${language}`, element('code', {}, text)));
}

/** What is wide scrolls, and must do so by keyboard too. */
function scrolling(tag: Tag, name: string, label: string, ...children: Markup[]): MarkupElement {
  return element(tag, { ...(name !== '' && { class: name }), tabindex: '0', role: 'region', 'aria-label': label }, ...children);
}

function linkOrText(address: string, ...children: Markup[]): MarkupElement {
  const href = safeUrl(address);
  if (href === undefined) return element('span', {}, ...children);
  return element('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow', title: href }, ...children);
}

/** An item that begins with `[ ]` or `[x]` is a task. */
function withCheckbox(children: Markup[]): Markup[] {
  const [first, ...others] = children;
  const [mark, state] = (typeof first === 'string' && /^\[([ xX])\] /.exec(first)) || [];
  if (mark === undefined || typeof first !== 'string') return children;
  const isDone = state !== ' ';
  const box = element('input', { type: 'checkbox', disabled: '', 'aria-label': isDone ? 'Done' : 'To do', ...(isDone && { checked: '' }) });
  return [box, first.slice(mark.length), ...others];
}

/** By a class: the page's rules forbid styles in elements. */
function alignmentOf(token: Token): Record<string, string> {
  const [, side] = /text-align:(center|right)/.exec(attribute(token, 'style')) ?? [];
  return side === undefined ? {} : { class: side };
}

function attribute(token: Token, name: string): string {
  return String(token.attrGet(name) ?? '');
}

function element(tag: Tag, attributes: Readonly<Record<string, string>> = {}, ...children: Markup[]): MarkupElement {
  return { tag, attributes, children };
}
