/** OpenAI's `/chat/completions`, for its clients. */
import type { Format } from '../format.ts';
import { writeFailure } from '../openai/failure.ts';
import { ChatStream, writeAnswer } from './answer-out.ts';
import { readRequest } from './request-in.ts';

export const openAiChat: Format = {
  dialect: 'openai',
  idPrefix: 'chatcmpl-',
  readRequest,
  writeAnswer,
  stream: (request, identity) => new ChatStream(request, identity),
  writeFailure,
};
