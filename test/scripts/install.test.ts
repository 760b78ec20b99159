import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
// @ts-expect-error plain JavaScript, because it must run on an older Node.js
import { installProblem, missingPackages } from '../../scripts/install.mjs';

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/undici': { version: '8.12.4' },
    'node_modules/@esbuild/linux-x64': { version: '0.28.2', optional: true },
    'node_modules/@esbuild/win32-x64': { version: '0.28.2', optional: true },
  },
};

/** npm's record of an installation on Linux, with other packages where a test wants them. */
function installed(packages: Record<string, { version: string }> = {}) {
  return {
    packages: { 'node_modules/undici': { version: '8.12.4' }, 'node_modules/@esbuild/linux-x64': { version: '0.28.2' }, ...packages },
  };
}

describe('What is missing', () => {
  test('nothing, when all is installed that this machine can use', () => {
    assert.deepEqual(missingPackages(lock, installed()), []);
  });

  test('nothing, when there is more than the lock file lists', () => {
    assert.deepEqual(missingPackages(lock, installed({ 'node_modules/left-pad': { version: '1.3.0' } })), []);
  });

  test('all but the optional packages, when nothing is installed', () => {
    assert.deepEqual(missingPackages(lock, {}), ['node_modules/undici']);
  });

  test('a package of another version', () => {
    assert.deepEqual(missingPackages(lock, installed({ 'node_modules/undici': { version: '8.12.3' } })), ['node_modules/undici']);
  });

  test('an optional package of another version', () => {
    const older = installed({ 'node_modules/@esbuild/linux-x64': { version: '0.28.1' } });
    assert.deepEqual(missingPackages(lock, older), ['node_modules/@esbuild/linux-x64']);
  });
});

describe('A failed installation', () => {
  for (const code of ['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT', 'EAI_AGAIN']) {
    test(`${code} means that the registry cannot be reached`, () => {
      assert.equal(
        installProblem(`npm warn old\nnpm error code ${code}\nnpm error syscall connect\nnpm error errno ${code}\n`, 'npm start'),
        'The npm registry cannot be reached. Check the network or proxy, then run npm start again.',
      );
    });
  }

  test('the output of npm 9 is understood as well, and the command named that was typed', () => {
    assert.equal(
      installProblem('npm ERR! code ENOTFOUND\nnpm ERR! network request failed\n', 'npm test'),
      'The npm registry cannot be reached. Check the network or proxy, then run npm test again.',
    );
  });

  test('a package’s own install script that cannot reach the registry is understood', () => {
    const errors = 'npm error code 1\nnpm error path /x/node_modules/node\nnpm error npm error code ENOTFOUND\n';
    assert.match(installProblem(errors, 'npm start'), /registry cannot be reached/);
  });

  test('anything else is told in npm’s own words', () => {
    const errors = 'npm error code EUSAGE\nnpm error\nnpm error `npm ci` can only install packages when in sync.\nnpm error Missing: x\n';
    assert.equal(
      installProblem(errors, 'npm start'),
      'npm could not install the packages: `npm ci` can only install packages when in sync.',
    );
  });

  test('silence is told too', () => {
    assert.equal(installProblem('', 'npm start'), 'npm could not install the packages: it gave no reason.');
  });
});
