/** The shapes of small charts, as SVG paths in a box that is one wide for each value and `spark.height` high. */

export const spark = { height: 100 };

const gap = 0.2;

/** A bar for each pair; the second part, which is within the first, stands at the bottom. */
export function barPaths(pairs: readonly (readonly [whole: number, part: number])[]): { rest: string; part: string } {
  const scale = spark.height / Math.max(1, ...pairs.flat());
  const paths = { rest: '', part: '' };
  pairs.forEach(([whole, part], index) => {
    paths.part += bar(index, 0, part * scale);
    paths.rest += bar(index, part * scale, (whole - part) * scale);
  });
  return paths;
}

/** A line through the values, broken where there is none. `most` is as high as the box. */
export function linePath(values: readonly (number | undefined)[], most: number): string {
  let path = '';
  values.forEach((value, index) => {
    if (value === undefined) return;
    const point = `${index + 0.5} ${round(spark.height * (1 - value / Math.max(most, 1)))}`;
    const isAlone = values[index - 1] === undefined && values[index + 1] === undefined;
    path += values[index - 1] === undefined ? `M${point}` : `L${point}`;
    if (isAlone) path += 'h0';
  });
  return path;
}

function bar(index: number, from: number, height: number): string {
  if (height <= 0) return '';
  const width = 1 - gap;
  return `M${round(index + gap / 2)} ${round(spark.height - from - height)}h${width}v${round(height)}h-${width}z`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
