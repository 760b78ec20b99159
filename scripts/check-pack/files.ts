/** What may stand in the packed palette. */

const allowed = /^(?:dist\/|examples\/|docs\/|(?:README\.md|LICENSE|CHANGELOG\.md|package\.json)$)/;
const needed = ['README.md', 'LICENSE', 'package.json'];

/** A line for each file that should not be in the package, or is not. */
export function fileProblems(files: string[]): string[] {
  return [
    ...needed.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...files.filter((file) => !allowed.test(file)).map((file) => `${file} does not belong in it`),
    ...files.filter((file) => /\.ts$|\.map$/.test(file)).map((file) => `${file} is a source`),
    ...files.filter((file) => /(?:^|\/)tests?\/|\.test\./.test(file)).map((file) => `${file} is a test`),
  ];
}
