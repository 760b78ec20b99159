import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
// @ts-expect-error plain JavaScript, because it must run on an older Node.js
import { nodeProblem, npmProblem } from '../../scripts/tools.mjs';

describe('The machine’s tools', () => {
  test('Node.js 20 and newer will do', () => {
    assert.equal(nodeProblem('20.0.0'), undefined);
    assert.equal(nodeProblem('24.21.0'), undefined);
  });

  test('an older Node.js is named, with what to do', () => {
    assert.equal(nodeProblem('18.20.4'), 'Node.js 20 or newer is needed and this is 18.20.4. Install it from https://nodejs.org.');
  });

  test('npm 9 and newer will do', () => {
    assert.equal(npmProblem('npm/9.0.0 node/v20.1.0 linux x64 workspaces/false'), undefined);
    assert.equal(npmProblem('npm/11.19.1 node/v24.21.0 linux x64 workspaces/false'), undefined);
  });

  test('an older npm is named, with what to do', () => {
    assert.equal(
      npmProblem('npm/8.19.4 node/v20.1.0 linux x64 workspaces/false'),
      'npm 9 or newer is needed and this is 8.19.4. Run npm install --global npm@10.',
    );
  });

  test('a script that is run without npm is not held up', () => {
    assert.equal(npmProblem(undefined), undefined);
    assert.equal(npmProblem('pnpm/10.1.0 npm/? node/v24.1.0 linux x64'), undefined);
  });
});
