import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { startNodeRed } from './support/node-red.ts';
const at = { z: 'tab', x: 1, y: 1 };
const nr = await startNodeRed({ flows: [
  { id: 'tab', type: 'tab', label: 'x' },
  { id: 'end', type: 'llm-endpoint', ...at, wires: [['f']], credentials: { keys: 'alice: sk-alice' } },
  { id: 'f', type: 'llm-fallback', ...at, branches: [{ name: 'local' }, { name: 'cloud' }], wires: [[], ['a'], ['b']] },
  { id: 'a', type: 'llm-echo', name: 'A', ...at, faultKind: 'unavailable', retries: 0, wires: [[]] },
  { id: 'b', type: 'llm-echo', name: 'B', ...at, tokensPerSecond: 50, wires: [[]] },
] as any });
const c = new OpenAI({ baseURL: nr.url + '/v1', apiKey: 'sk-alice', maxRetries: 0 });
console.dir(await c.chat.completions.create({ model: 'gpt', messages: [{ role: 'user', content: 'Hello my world' }] }), { depth: 9 });
for await (const ch of await c.chat.completions.create({ model: 'gpt', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'Hello my world' }] })) console.log(JSON.stringify(ch));
console.log((await c.models.list()).data);
await c.chat.completions.create({ model: 'gpt', messages: [] }).catch((e) => console.log(e.constructor.name, e.status, e.message, e.code));
await new OpenAI({ baseURL: nr.url + '/v1', apiKey: 'x', maxRetries: 0 }).models.list().catch((e) => console.log(e.constructor.name, e.status, e.message));
const an = new Anthropic({ baseURL: nr.url, apiKey: 'sk-alice', maxRetries: 0 });
console.dir(await an.messages.create({ model: 'c', max_tokens: 20, messages: [{ role: 'user', content: 'Hello Anthropic' }] }), { depth: 9 });
const s = an.messages.stream({ model: 'c', max_tokens: 20, messages: [{ role: 'user', content: 'Hello Anthropic stream' }] });
for await (const ev of s) console.log(JSON.stringify(ev));
console.log(await s.finalText());
for (const [body, type] of [['{', 'application/json'], ['x'.repeat(6_000_000), 'application/json'], ['{"messages":[{"role":"user","content":"hi"}]}', 'text/plain']]) {
  const r = await fetch(nr.url + '/v1/chat/completions', { method: 'POST', body, headers: { 'content-type': type!, authorization: 'Bearer sk-alice' } });
  console.log(r.status, (await r.text()).slice(0, 200), r.headers.get('x-request-id'));
}
console.log(nr.log().split('\n').slice(-12).join('\n'));
await nr.stop();
