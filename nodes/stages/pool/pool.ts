import type { NodeAPI } from 'node-red';
import { readChoice, readNumber } from '../../core/fields.ts';
import { newMembers, readRows, readSetting, type StageField, strategies, weightField } from '../../core/stage-settings.ts';
import { registerStage, type StageConfig } from '../../runtime/stage-node.ts';
import { StickyKey } from '../../runtime/sticky-key.ts';
import { PoolMember } from './members.ts';
import { PoolPolicy } from './policy.ts';

interface PoolConfig extends StageConfig, Partial<Record<StageField, unknown>> {
  strategy?: unknown;
  stickyBy?: string;
  stickyByType?: string;
  members?: unknown;
}

export default function register(RED: NodeAPI): void {
  registerStage<PoolConfig>(RED, {
    type: 'llm-pool',
    policy: (config, stage) => {
      const setting = (name: StageField) => readSetting(name, config[name]);
      const strategy = readChoice('strategy', config.strategy, strategies);
      const limits = { breakerFailures: setting('breakerFailures'), breakerOpenMs: setting('breakerOpenMs') };
      const rows = readRows('members', config.members ?? newMembers, (row) => ({
        weight: readNumber('weight', row['weight'], weightField) ?? weightField.value,
        maxConcurrent: readSetting('maxConcurrent', row['maxConcurrent']),
      }));
      const members = rows.map((row) => new PoolMember(row, limits, () => stage.update()));
      const options = {
        strategy,
        stickyKey: strategy === 'sticky' ? new StickyKey(stage.RED, stage.node, config.stickyBy || 'llm.session', config.stickyByType || 'msg') : undefined,
        attempts: setting('attempts'),
        timeoutMs: setting('timeoutMs'),
        maxQueued: setting('maxQueued'),
        queueTimeoutMs: setting('queueTimeoutMs'),
      };
      return new PoolPolicy(members, options, stage);
    },
  });
}
