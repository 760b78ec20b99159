import type { NodeAPI } from 'node-red';
import { failureKinds, type FailureKind } from '../../core/errors.ts';
import { readChoice } from '../../core/fields.ts';
import { afterFirstToken, leadsOnByDefault, newFallbackBranches, readRows, readSetting } from '../../core/stage-settings.ts';
import { registerStage, type StageConfig } from '../../runtime/stage-node.ts';
import { FallbackPolicy } from './policy.ts';

interface FallbackConfig extends StageConfig {
  branches?: unknown;
  afterFirstToken?: unknown;
}

export default function register(RED: NodeAPI): void {
  registerStage<FallbackConfig>(RED, {
    type: 'llm-fallback',
    policy: (config, stage) => {
      const rows = readRows('branches', config.branches ?? newFallbackBranches, (row) => ({ on: readKinds(row['on']), timeoutMs: readSetting('timeoutMs', row['timeoutMs']) }));
      return new FallbackPolicy(rows, readChoice('afterFirstToken', config.afterFirstToken, afterFirstToken), stage);
    },
  });
}

/** Where a row does not choose, the usual kinds lead on. */
function readKinds(given: unknown): ReadonlySet<FailureKind> {
  if (given === undefined) return new Set(leadsOnByDefault);
  const kinds = Array.isArray(given) ? given : [given];
  const unknown = kinds.find((kind) => !failureKinds.includes(kind as FailureKind));
  if (unknown !== undefined) throw new RangeError('A row leads on by a kind of failure that there is not.');
  return new Set(kinds as FailureKind[]);
}
