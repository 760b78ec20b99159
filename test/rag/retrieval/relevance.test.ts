import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shareOfQuestion } from '../../../nodes/rag/retrieval/relevance.ts';

const manual = [
  'Turn the valve clockwise to close it. The valve is at the top of the pump.',
  'The torque for the bolts is 25 Nm. Use a new seal for each bolt.',
  'The pump is cleaned once a week. To clean it, open the lid of the pump.',
  'The warranty is void if the seal is broken.',
];

const shares = (question: string) => shareOfQuestion(question, manual).map((share) => Math.round(share * 100) / 100);

test('a passage that holds all the words of a question has it all, one that holds none nothing', () => {
  assert.deepEqual(shareOfQuestion('torque of the bolts', ['The bolts of the torque.', 'Nothing']), [1, 0]);
  assert.deepEqual(shareOfQuestion('torque', []), []);
  assert.deepEqual(shareOfQuestion('?!', ['a']), [0]);
});

test('rare words count more than those that stand everywhere', () => {
  const [valve = 0, torque = 0, , warranty = 0] = shares('the torque of the valve');
  assert.ok(valve > 0.3 && torque > 0.3 && warranty < 0.3);
});

test('a question that the passages do not speak of comes out low, whatever small words it shares with them', () => {
  for (const question of ['Who won the world cup in 2022?', 'What is the capital of France?']) assert.ok(Math.max(...shares(question)) < 0.3, question);
  for (const question of ['How do I close the valve?', 'torque for the bolts?', 'cleaning the pump', 'Is the warranty void?']) assert.ok(Math.max(...shares(question)) > 0.35, question);
});

test('forms of a word are the same word, numbers are not', () => {
  const holds = (word: string, text: string) => shareOfQuestion(word, [text])[0] === 1;
  for (const [one, other] of [['bolt', 'bolts'], ['clean', 'cleaning'], ['valve', 'valves'], ['Configure', 'configuration'], ['open', 'opened']] as const) {
    assert.ok(holds(one, other) && holds(other, one), one);
  }
  for (const [one, other] of [['car', 'care'], ['2022', '20221'], ['e4711', 'e4712'], ['opening', 'opera'], ['pen', 'open']] as const) {
    assert.ok(!holds(one, other) && !holds(other, one), one);
  }
});

test('questions in other scripts work too', () => {
  assert.deepEqual(shareOfQuestion('阀门', ['打开阀门。', '泵']), [1, 0]);
});

test('it is from 0 to 1, and a text that holds more of a question has no smaller share', () => {
  const text = fc.array(fc.constantFrom('the', 'valve', 'open', 'opened', 'e1', 'pump', '阀门'), { maxLength: 6 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 6 }), text, (question, texts, more) => {
      for (const share of shareOfQuestion(question, texts)) assert.ok(share >= 0 && share <= 1 + 1e-9);
      const [less = 0, whole = 0] = shareOfQuestion(question, [more, `${more} ${question}`, ...texts]);
      assert.ok(whole >= less - 1e-9);
    }),
  );
});
