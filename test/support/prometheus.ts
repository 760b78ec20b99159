/** Reads Prometheus's text format, to ask what a metric says. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Samples {
  readonly all: readonly Sample[];

  constructor(text: string) {
    this.all = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map(readSample);
  }

  /** Those of a name that have these labels, among others. */
  of(name: string, labels: Record<string, string> = {}): Sample[] {
    return this.all.filter((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
  }

  /** Their sum; 0 where there are none. */
  sum(name: string, labels: Record<string, string> = {}): number {
    return this.of(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** All values that a label has anywhere. */
  values(label: string): string[] {
    return [...new Set(this.all.map(({ labels }) => labels[label]).filter((value) => value !== undefined))].sort();
  }
}

function readSample(line: string): Sample {
  const [, name = '', inner = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (value === undefined) throw new Error(`No sample: ${line}`);
  const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text = '']) => [label, JSON.parse(`"${text}"`) as string]);
  return { name, labels: Object.fromEntries(labels) as Record<string, string>, value: Number(value.replace('Inf', 'Infinity')) };
}
