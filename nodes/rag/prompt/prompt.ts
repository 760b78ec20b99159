/** From a question and the passages found for it to the prompt that a model gets. */
import mustache from 'mustache';
import type { ContextPassage } from '../../core/context.ts';
import type { ChatMessage } from '../../core/conversation/message.ts';
import { LlmError } from '../../core/errors.ts';
import { placeOf } from '../../core/passage-place.ts';
import { type Conversation, historyOf, questionIn, readConversation, systemOf, withQuestion } from './conversation.ts';
import { ownName, ownText } from './own-words.ts';
import { checkVariables } from './variables.ts';

export interface PromptInput {
  /** `msg.payload`: a question, or chat messages whose last one of a user is the question. */
  readonly payload: unknown;
  /** The first one is [1]. */
  readonly passages: readonly ContextPassage[];
  /** The system prompt, for templates that name it; else what the chat messages say. */
  readonly system?: string | undefined;
}

/**
 * A Mustache template (mustache.js 4; nothing is escaped, as prompts are no HTML), parsed once. It may name `question`; `context`, all
 * passages as numbered blocks; `hasContext`; `passages`, a list of `number, text, title, source, headings, page`; `history`, the
 * conversation before the question; and `system`. What passages and questions say is data: tags in them stay as they are, and numbers
 * of theirs do not pass for those of the passages.
 */
export class PromptTemplate {
  readonly #template: string;
  /** Its cache holds this one template; the library's own would hold every template there ever was. */
  readonly #writer = new mustache.Writer();

  /** @throws LlmError `misconfigured` where the template cannot be read or names what there is not */
  constructor(template: string) {
    this.#template = template;
    checkVariables(this.#parse());
  }

  /**
   * A string for a string; for chat messages, messages in which the prompt stands in place of the question: what stands before it, and
   * images beside it, are kept. The payload itself is not changed.
   * @throws LlmError `invalid_request` for a payload without a question
   */
  render({ payload, passages, system }: PromptInput): string | ChatMessage[] {
    const conversation = readConversation(payload);
    const text = this.#writer.render(this.#template, viewOf(conversation, passages, system), undefined, { escape: String });
    return withQuestion(conversation, text);
  }

  #parse(): unknown[] {
    try {
      return this.#writer.parse(this.#template) as unknown[];
    } catch (error) {
      const what = error instanceof Error ? error.message : 'It is no template.';
      throw new LlmError('misconfigured', `The prompt’s template cannot be read: ${what}.`, { hint: 'Give each {{#name}} its {{/name}}, and each {{ its }}.' });
    }
  }
}

function viewOf(conversation: Conversation, passages: readonly ContextPassage[], system: string | undefined): Record<string, unknown> {
  const numbered = passages.map(({ text, title, source, headings, page = '' }, at) => ({
    number: at + 1, text: ownText(text), title: ownName(title), source: ownName(source), headings: ownName(headings.join(' › ')), page,
  }));
  return {
    question: questionIn(conversation),
    context: passages.map(blockOf).join('\n\n'),
    hasContext: passages.length > 0,
    passages: numbered,
    history: historyOf(conversation),
    system: system ?? systemOf(conversation),
  };
}

/** `[1] Manual › Valves (page 3)` above the passage's text. */
function blockOf({ text, title, source, headings, page }: ContextPassage, at: number): string {
  // A title of two lines would look like another passage.
  const place = ownName(placeOf(title || source, headings).replace(/[\s\x85]+/g, ' '));
  return `[${at + 1}] ${place}${page === undefined ? '' : ` (page ${page})`}`.trimEnd() + `\n${ownText(text)}`;
}
