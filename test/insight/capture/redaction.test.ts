import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { copyJson } from '../../../nodes/insight/capture/content-copy.ts';
import { readPatterns, timedPattern } from '../../../nodes/insight/capture/expressions.ts';
import { redacted, Redaction, withheld } from '../../../nodes/insight/capture/redaction.ts';

const all = new Redaction({ keys: true, emails: true, cards: true, patterns: [] });
const own = (...patterns: string[]) => new Redaction({ keys: false, emails: false, cards: false, patterns });

const digits = Array.from({ length: 10 }, (_, digit) => String(digit));
const capitals = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(65 + index));
const alphanumeric = [...digits, ...capitals, ...capitals.map((letter) => letter.toLowerCase())];
const chars = (units: readonly string[], minLength: number, maxLength = minLength) => fc.string({ unit: fc.constantFrom(...units), minLength, maxLength });
const withDigit = (key: fc.Arbitrary<string>) => key.filter((text) => /\d/.test(text));

const keys = fc.oneof(
  withDigit(chars([...alphanumeric, '-', '_'], 16, 60)).map((rest) => `sk-${rest}`),
  chars(alphanumeric, 30, 80).map((rest) => `sk-ant-api03-0${rest}`),
  chars([...alphanumeric, '-', '_'], 35).map((rest) => `AIza${rest}`),
  chars(alphanumeric, 36).map((rest) => `ghp_${rest}`),
  chars(alphanumeric, 34).map((rest) => `hf_${rest}`),
  chars([...capitals, ...digits], 16).map((rest) => `AKIA${rest}`),
  chars(alphanumeric, 20, 60).map((rest) => `Bearer ${rest}`),
  chars([...alphanumeric, '+', '/', '\n'], 40, 400).map((rest) => `-----BEGIN RSA PRIVATE KEY-----\n${rest}\n-----END RSA PRIVATE KEY-----`),
);

const emails = fc.tuple(chars([...alphanumeric, '.', '+', '_'], 1, 30), chars(alphanumeric, 1, 20), fc.constantFrom('com', 'example.org', 'co.uk', 'müller.de')).map(([local, host, end]) => `${local}@${host}.${end}`);

/** With the right check digit, as people write them. */
const cards = fc.tuple(fc.constantFrom('4', '51', '2221', '6011', '3782'), chars(digits, 14), fc.constantFrom(13, 15, 16, 19), fc.constantFrom('', ' ', '-')).map(([first, rest, length, between]) => {
  const number = (first + rest + rest).slice(0, length - 1);
  const check = digits.find((digit) => isRight(number + digit));
  return `${number}${check}`.replace(/\d{4}(?=\d)/g, `$&${between}`);
});

/** ISO/IEC 7812-1, annex B. */
function isRight(number: string): boolean {
  const weighed = Array.from(number).toReversed().map((digit, index) => Number(digit) * (index % 2 === 1 ? 2 : 1));
  return weighed.reduce((sum, value) => sum + Math.floor(value / 10) + (value % 10), 0) % 10 === 0;
}

const secrets = fc.oneof(keys, emails, cards);
/** What may stand before and behind. */
const before = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.constantFrom(' ', '\n', '"', ': ', '=', '(', '\t', '\\', '/ ')).map((parts) => parts.join(''));
const behind = fc.tuple(fc.constantFrom(' ', '\n', '"', ', ', ')', '.', '\t', '\\'), fc.string({ unit: 'grapheme', maxLength: 30 })).map((parts) => parts.join(''));

/** A secret in a text, in JSON that is within a text, up to three deep. */
const hidden = fc.tuple(before, secrets, behind, fc.nat(3)).map(([start, secret, end, depth]) => {
  let text = start + secret + end;
  for (let level = 0; level < depth; level++) text = `{"call": ${JSON.stringify({ name: 'send', text })}} and on`;
  return { secret, text };
});

/** A text as it reads when all escapes in it are undone. */
function readings(text: string): string[] {
  const list = [text];
  for (let level = 0; level < 4; level++) list.push((list.at(-1) as string).replace(/\\(?:u([\da-f]{4})|(.))/gi, (_all, code: string | undefined, letter: string) => (code ? String.fromCharCode(Number.parseInt(code, 16)) : letter === 'n' ? '\n' : letter)));
  return list;
}

describe('Redaction', () => {
  test('leaves none of what was put in, in plain texts and in JSON within them', async () => {
    await fc.assert(
      fc.asyncProperty(hidden, async ({ secret, text }) => {
        const { text: left, places } = await all.redact(text);
        assert.ok(places > 0, text);
        for (const reading of readings(left)) assert.ok(!reading.includes(secret), left);
      }),
      { numRuns: 2000 },
    );
  });

  test('leaves none in a payload of any shape, and what it leaves is JSON', async () => {
    const depth = fc.letrec<{ payload: unknown }>((tie) => ({
      payload: fc.oneof({ maxDepth: 4 }, fc.constant('here'), fc.array(tie('payload'), { maxLength: 3 }), fc.dictionary(fc.string({ maxLength: 5 }), tie('payload'), { maxKeys: 3 }), fc.jsonValue({ maxDepth: 1 })),
    })).payload;
    await fc.assert(
      fc.asyncProperty(depth, hidden, async (shape, { secret, text }) => {
        const payload = [JSON.parse(JSON.stringify(shape).replaceAll('"here"', () => JSON.stringify(text))) as unknown, { [secret]: text }];
        const copied = await copyJson(payload, all);
        assert.ok(copied.isWhole && copied.redactions > 0);
        assert.ok(!JSON.stringify(JSON.parse(copied.text)).includes(JSON.stringify(secret).slice(1, -1)));
      }),
      { numRuns: 500 },
    );
  });

  test('leaves everything else as it is', async () => {
    const plain = ['risk-assessment-and-management', 'Call 0171 2345678 at 12:30.', 'order 1700000000000', 'a@b', '@media (min-width: 5px)', 'x @ y.z', 'the bearer of bad news', 'C:\\new\\table', '{"a":"b\\n\\u00e4"}', 'sk-short', '4111 1111 1111 1112'];
    for (const text of plain) assert.deepEqual(await all.redact(text), { text, places: 0 });
    const payload = [{ role: 'user', content: 'Why is the sky blue? {"a":"b\\n"}', n: 12, yes: true, no: null }];
    assert.deepEqual(await copyJson(payload, all), { text: JSON.stringify(payload), redactions: 0, isWhole: true });
  });

  test('takes out the place alone', async () => {
    assert.deepEqual(await all.redact('Mail ann@example.org or bob@example.org, pay 4111 1111 1111 1111 now.'), { text: `Mail ${redacted} or ${redacted}, pay ${redacted} now.`, places: 3 });
    assert.deepEqual((await all.redact('{"to":"a\\nann@example.org\\n"}')).text, `{"to":"a\\n${redacted}\\n"}`);
    assert.equal(JSON.parse((await copyJson({ card: 4111111111111111, n: 1 }, all)).text).card, redacted);
  });

  test('takes out what a person’s own expressions say, in upper or lower case, with escapes or without', async () => {
    const { text } = await own('\\bproject \\w+', 'müller', '\\d{3}-\\d{2}').redact('PROJECT Falcon of Müller, {"x":"\\nProject Hawk, M\\u00fcller"}, 123-45');
    assert.equal(text, `${redacted} of ${redacted}, {"x":"\\n${redacted}, ${redacted}"}, ${redacted}`);
  });

  test('takes out all of what several expressions have in common', async () => {
    assert.deepEqual(await own('bcd', 'abcdef', 'fg').redact('xabcdefgx'), { text: `x${redacted}x`, places: 1 });
  });

  test('takes its time in proportion to the text, whatever the text', async () => {
    const bait = ['a', '1', '1 ', '4 ', '@', '@a.', 'a@', 'eyJ', 'eyJa.', 'sk-', '\\', '\\u', '\\n', '-----BEGIN ', '-----BEGIN PRIVATE KEY-----', 'Bearer ', 'data:a/b;', 'data:image/png;base64,', 'a.', 'a@a.'];
    // Quadratic time would be minutes, and end the test.
    for (const piece of bait) await all.redact(piece.repeat(500_000 / piece.length));
  });
});

describe('An expression that takes too long for a text', () => {
  const evil = String.raw`(?<=x)(\w+\s?)*$`;
  const bait = `falcon x${'a'.repeat(70)}!`;

  test('leaves nothing of it, and is complained about once, without a word of the text', async () => {
    const complaints: string[] = [];
    const redaction = new Redaction({ keys: true, emails: true, cards: true, patterns: [evil] }, (complaint) => complaints.push(complaint));
    for (let count = 0; count < 2; count++) assert.deepEqual(await redaction.redact(bait), { text: withheld, places: 1, isWithheld: true });
    assert.deepEqual(complaints, [`The expression ${evil} could not look through a text, which is not kept. The pattern took longer than 50 ms.`]);
    assert.equal((await redaction.redact('falcon x1')).text, `falcon x${redacted}`);
  });

  test('leaves the rest of a message, which cannot be sent again', async () => {
    const copied = await copyJson([{ content: bait }, { content: 'x1', n: 12 }], own(evil));
    assert.deepEqual([JSON.parse(copied.text), copied.isWhole], [[{ content: withheld }, { content: `x${redacted}`, n: 12 }], false]);
  });

  test('is answered at once where RE2 can say it', async () => {
    assert.equal((await own(String.raw`(?:\w+\s?)*@corp`).redact(`${'a'.repeat(70)}! bob smith@corp`)).text, `${'a'.repeat(70)}! ${redacted}`);
  });
});

describe('The expressions of a person', () => {
  test('stand one a line', () => assert.deepEqual(readPatterns(' a+ \n\n\\d{4}\r\n'), ['a+', '\\d{4}']));

  for (const [given, reason] of [['ok\n(', /line 2/], ['a*', /line 1: it would match everywhere/], ['x'.repeat(501), /longer/], [Array(51).fill('a').join('\n'), /line 51: at most 50/]] as const) {
    test(`are refused, with the line and the reason: ${String(reason)}`, () => assert.throws(() => readPatterns(given), reason));
  }

  test('have a limit of time where RE2 has no words for them', () => {
    assert.deepEqual(['a+\n\\d{4}', 'a+\n\n(?<!x)b+', '(\n(?=a)b', ''].map(timedPattern), [undefined, 3, 2, undefined]);
  });

  test('may be right by the older rules alone', async () => assert.equal((await own('a\\-b').redact('xa-by')).text, `x${redacted}y`));
});
