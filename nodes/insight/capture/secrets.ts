/** Where in a text secrets stand that can be known by their looks. All of it takes linear time, whatever the text. */
import { type Place, placesOf } from '../../core/patterns/places.ts';

export type Finder = (text: string) => Place[];

/**
 * Keys as providers make them. Where a key begins, no letter or digit stands before it, or it has a digit itself: `risk-assessment-and-management`
 * is none. All repetitions that something must follow are bounded.
 */
const keyShapes: readonly RegExp[] = [
  // OpenAI, Anthropic, OpenRouter, LiteLLM and many that go by them.
  /(?<![a-z\d])sk-[\w-]{16,}/gi,
  /sk-(?=[a-z_-]{0,100}\d)[\w-]{16,}/gi,
  // Google.
  /AIza[\w-]{30,}/g,
  // GitHub, GitLab, Hugging Face, Groq, Slack.
  /gh[oprsu]_[A-Za-z\d]{20,}/g,
  /github_pat_\w{20,}/g,
  /glpat-[\w-]{20,}/g,
  /hf_[A-Za-z\d]{20,}/g,
  /gsk_[A-Za-z\d]{20,}/g,
  /xox[abeoprs]-[\w-]{10,}/g,
  // Amazon.
  /A(?:KIA|SIA)[A-Z\d]{16}/g,
  // JSON web tokens.
  /(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?/g,
  /bearer\s{1,9}(?:[\w.~+/=-]|\\\/){16,}/gi,
  // One that is cut off has no end.
  /-----BEGIN [A-Z\d ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z\d ]{0,40}PRIVATE KEY-----|$)/g,
];

/** What all of them have in them: most texts have none, and need not be looked through for each. */
const anyKey = /sk-|aiza|gh[oprsu]_|github_pat_|glpat-|hf_|gsk_|xox|akia|asia|eyj|bearer|-----begin/i;
const shortestKey = 15;

export const findKeys: Finder = (text) => (text.length >= shortestKey && anyKey.test(text) ? keyShapes.flatMap((shape) => placesOf(shape, text)) : []);

const domain = /@(?:[\p{L}\p{N}-]{1,63}\.)+\p{L}{2,63}/gu;
const localPart = /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]/u;
const longestLocalPart = 64;

/** Looks for the @ first: from the other end, a long text without one would be looked through again and again. */
export const findEmails: Finder = (text) => {
  const found: Place[] = [];
  for (const [at, end] of text.includes('@') ? placesOf(domain, text) : []) {
    let start = at;
    while (start > 0 && at - start < longestLocalPart && localPart.test(text[start - 1] as string)) start--;
    if (start < at) found.push([start, end]);
  }
  return found;
};

/** Groups of digits, one space, dot or hyphen between them, as long as a card's number at least. */
const digitRuns = /\d(?:[ .\u00A0\u2013-]?\d){12,}/g;
const digitGroups = /\d+/g;
const shortestCard = 13;
const longestCard = 19;

/** Card numbers have 13 to 19 digits, begin with 2 to 6, and their check digit is right (ISO/IEC 7812). Other numbers may stand before and behind. */
export const findCards: Finder = (text) => {
  const found: Place[] = [];
  for (const [start, end] of text.length < shortestCard ? [] : placesOf(digitRuns, text)) {
    const groups = placesOf(digitGroups, text.slice(start, end)).map(([from, to]): Place => [start + from, start + to]);
    for (let first = 0; first < groups.length; first++) {
      const last = lastGroupOfCard(text, groups, first);
      if (last !== undefined) found.push([groups[first]![0], groups[last]![1]]);
    }
  }
  return found;
};

function lastGroupOfCard(text: string, groups: readonly Place[], first: number): number | undefined {
  let digits = '';
  for (let last = first; last < groups.length && digits.length < longestCard; last++) {
    digits += text.slice(...groups[last]!);
    if (isCard(digits)) return last;
  }
  return undefined;
}

function isCard(digits: string): boolean {
  return digits.length >= shortestCard && digits.length <= longestCard && /^[2-6]/.test(digits) && luhnSum(digits) % 10 === 0;
}

function luhnSum(digits: string): number {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const weighed = index % 2 === 1 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum;
}
