/** Which test files a command line means. */

/** Tests that need more than Node.js, or minutes, and so have a command of their own. */
const ownCommand = ['test/editor', 'test/real', 'test/bench', 'test/chaos'];

/**
 * Named files, or else all tests in named folders, or else all that need nothing but Node.js.
 *
 * @param {string[]} names from the command line
 * @param {string[]} paths of everything in the folder `test`
 */
export function selectTests(names, paths) {
  const files = names.filter((name) => name.endsWith('.ts'));
  if (files.length > 0) return files;

  const tests = paths.map((path) => path.replaceAll('\\', '/')).filter((path) => path.endsWith('.test.ts')).sort();
  if (names.length > 0) return tests.filter((test) => within(test, names));
  return tests.filter((test) => !within(test, ownCommand));
}

/**
 * @param {string} test
 * @param {string[]} folders
 */
function within(test, folders) {
  return folders.some((folder) => test.startsWith(`${folder.replace(/^\.\/|\/$/g, '')}/`));
}
