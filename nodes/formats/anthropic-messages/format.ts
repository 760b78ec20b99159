/** Anthropic's `/messages`, for its clients. */
import type { Format } from '../format.ts';
import { MessageStream, writeAnswer, writeFailure } from './answer-out.ts';
import { readRequest } from './request-in.ts';

export const anthropicMessages: Format = {
  dialect: 'anthropic',
  idPrefix: 'msg_',
  readRequest,
  writeAnswer,
  stream: (_request, identity) => new MessageStream(identity),
  writeFailure: (failure, status) => writeFailure(failure, status),
};
