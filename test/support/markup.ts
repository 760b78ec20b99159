/** What the chat page makes of Markdown, as short lines for tests. */
import { markdown } from '../../nodes/endpoint/page/markdown.ts';
import { type Markup, markupOf } from '../../nodes/endpoint/page/markup.ts';

export function readWhole(text: string): Markup[] {
  return markupOf(markdown.parse(text, {}));
}

/** As HTML would say it, with the attributes that carry meaning. */
export function inTags(markup: readonly Markup[]): string {
  return markup.map(inTag).join('');
}

function inTag(markup: Markup): string {
  if (typeof markup === 'string') return markup;
  const { tag, attributes, children } = markup;
  const shown = Object.entries(attributes).filter(([name]) => ['href', 'start', 'class', 'checked'].includes(name) && !(tag === 'button'));
  return `<${[tag, ...shown.map(([name, value]) => `${name}=${value}`)].join(' ')}>${inTags(children)}</${tag}>`;
}

/** The words that a reader sees, without those of the page itself. */
export function textIn(markup: readonly Markup[]): string {
  return markup.map((one) => (typeof one === 'string' ? one : one.tag === 'button' ? '' : textIn(one.children))).join('');
}

/** Each element of it, at any depth. */
export function* elementsIn(markup: readonly Markup[]): Generator<Exclude<Markup, string>> {
  for (const one of markup) {
    if (typeof one === 'string') continue;
    yield one;
    yield* elementsIn(one.children);
  }
}
