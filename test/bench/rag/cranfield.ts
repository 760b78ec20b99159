/** The Cranfield collection, where it lies beside the checkout, and what a ranking of it is worth. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/project.ts';

interface Text {
  readonly id: string;
  readonly text: string;
}

export interface Collection {
  readonly documents: ReadonlyArray<Text & { readonly title: string }>;
  readonly questions: readonly Text[];
  /** By question and document: from 1 to 4; what is not there is of no interest. */
  readonly grades: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface Quality {
  ndcg10: number;
  recall10: number;
  recall100: number;
  mrr: number;
}

const folder = join(root, '../shared/data/cranfield');

export function loadCranfield(): Collection | undefined {
  if (!existsSync(folder)) return undefined;
  const lines = (name: string) => readFileSync(join(folder, name), 'utf8').trim().split('\n');
  const grades = new Map<string, Map<string, number>>();
  for (const line of lines('judgments.tsv').slice(1)) {
    const [question = '', document = '', grade] = line.split('\t');
    const judged = grades.get(question) ?? new Map<string, number>();
    grades.set(question, judged.set(document, Number(grade)));
  }
  return {
    documents: lines('documents.jsonl').map((line) => JSON.parse(line) as Text & { title: string }),
    questions: lines('queries.jsonl').map((line) => JSON.parse(line) as Text),
    grades,
  };
}

/** `ranked`: ids of documents, best first. */
function judge(ranked: readonly string[], judged: ReadonlyMap<string, number>): Quality {
  const gains = ranked.map((id) => judged.get(id) ?? 0);
  const ideal = [...judged.values()].sort((a, b) => b - a);
  const found = (depth: number) => gains.slice(0, depth).filter((gain) => gain > 0).length / judged.size;
  const first = gains.findIndex((gain) => gain > 0);
  return { ndcg10: discounted(gains) / discounted(ideal), recall10: found(10), recall100: found(100), mrr: first < 0 ? 0 : 1 / (first + 1) };
}

/** DCG at 10 with the grades themselves as gains (Järvelin, Kekäläinen, TOIS 2002), each over log2 of its place plus 1. */
function discounted(gains: readonly number[]): number {
  return gains.slice(0, 10).reduce((sum, gain, at) => sum + gain / Math.log2(at + 2), 0);
}

/** The mean of the odd-numbered questions, on which settings may be chosen, and of the even-numbered ones, which tell what they are worth. */
export async function evaluate({ questions, grades }: Collection, search: (question: string) => string[] | Promise<string[]>): Promise<Record<'odd' | 'even', Quality>> {
  const results: Record<'odd' | 'even', Quality[]> = { odd: [], even: [] };
  for (const { id, text } of questions) {
    const judged = grades.get(id);
    if (judged) results[Number(id) % 2 === 1 ? 'odd' : 'even'].push(judge(await search(text), judged));
  }
  return { odd: mean(results.odd), even: mean(results.even) };
}

function mean(list: readonly Quality[]): Quality {
  const of = (name: keyof Quality) => list.reduce((sum, one) => sum + one[name], 0) / list.length;
  return { ndcg10: of('ndcg10'), recall10: of('recall10'), recall100: of('recall100'), mrr: of('mrr') };
}
