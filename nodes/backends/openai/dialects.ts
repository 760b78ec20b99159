/** What servers that speak OpenAI's format want or refuse, by their addresses. Read in their documentation and in what their users report, November 2026. */
import { createHash } from 'node:crypto';
import { isWithin } from '../../core/addresses.ts';
import type { ToolIds } from '../../core/conversation/tool-ids.ts';
import type { ChatManner } from '../../formats/openai-chat/request-out.ts';

/** Nine letters and digits. */
const mistralIds: ToolIds = {
  isLegal: (id) => /^[a-zA-Z0-9]{9}$/.test(id),
  make: (id, attempt) => createHash('sha256').update(`${attempt} ${id}`).digest('hex').slice(0, 9),
};

const manners: ReadonlyArray<readonly [domain: string, manner: ChatManner]> = [
  // "The reasoning_content in the thinking mode must be passed back to the API", in turns that call tools.
  ['deepseek.com', { thinkingField: 'reasoning_content', thinkingWithCallsAlone: true }],
  ['mistral.ai', { toolIds: mistralIds }],
  ['openrouter.ai', { thinkingField: 'reasoning' }],
];

/** Others neither want back what a model thought nor mind more than OpenAI does. */
export function mannersOf(url: string): ChatManner {
  return manners.find(([domain]) => isWithin(url, domain))?.[1] ?? {};
}
