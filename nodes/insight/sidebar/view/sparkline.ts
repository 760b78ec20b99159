/** Draws the series of a node as two small charts: how many requests, and how long they took. */
import type { LiveStep } from '../api.ts';
import { barPaths, linePath, spark } from './spark.ts';

const svgNamespace = 'http://www.w3.org/2000/svg';

/** A chart of one kind; always the same few elements, whatever it shows. */
class Chart {
  readonly element = document.createElementNS(svgNamespace, 'svg');
  readonly #paths: SVGPathElement[];

  constructor(classNames: readonly string[]) {
    this.element.setAttribute('class', 'llm-chart');
    this.element.setAttribute('preserveAspectRatio', 'none');
    this.element.setAttribute('role', 'img');
    this.#paths = classNames.map((className) => {
      const path = document.createElementNS(svgNamespace, 'path');
      path.setAttribute('class', className);
      this.element.append(path);
      return path;
    });
  }

  draw(steps: number, shapes: readonly string[], label: string): void {
    this.element.setAttribute('viewBox', `0 0 ${Math.max(1, steps)} ${spark.height}`);
    this.element.setAttribute('aria-label', label);
    this.#paths.forEach((path, index) => path.setAttribute('d', shapes[index] ?? ''));
  }
}

export class RequestsChart extends Chart {
  constructor() {
    super(['llm-bar', 'llm-bar llm-bar-failed']);
  }

  show(series: readonly LiveStep[], label: string): void {
    const { rest, part } = barPaths(series.map(({ requests, failed }) => [requests, failed]));
    this.draw(series.length, [rest, part], label);
  }
}

export class TimesChart extends Chart {
  constructor() {
    super(['llm-line llm-line-p95', 'llm-line llm-line-first', 'llm-line llm-line-p50']);
  }

  show(series: readonly LiveStep[], label: string): void {
    const lines = [series.map(({ p95Ms }) => p95Ms), series.map(({ firstTokenP50Ms }) => firstTokenP50Ms), series.map(({ p50Ms }) => p50Ms)];
    const most = Math.max(1, ...lines.flat().filter((ms) => ms !== undefined));
    this.draw(series.length, lines.map((line) => linePath(line, most)), label);
  }
}
