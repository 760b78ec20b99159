import type { NodeAPI } from 'node-red';
import { readChoice, readNumber } from '../../core/fields.ts';
import { isRecord } from '../../core/json.ts';
import { newRouterBranches, onFailure, percentField, readRows, readSetting, routerModes, type RowConfig } from '../../core/stage-settings.ts';
import { registerStage, type Stage, type StageConfig, type StagePolicy } from '../../runtime/stage-node.ts';
import { StickyKey } from '../../runtime/sticky-key.ts';
import { Rules, Split } from './choices.ts';
import { RouterPolicy } from './policy.ts';
import { Rule } from './rules.ts';

interface RouterConfig extends StageConfig {
  mode?: unknown;
  branches?: unknown;
  stickyBy?: string;
  stickyByType?: string;
  timeoutMs?: unknown;
}

export default function register(RED: NodeAPI): void {
  registerStage<RouterConfig>(RED, { type: 'llm-router', policy });
}

function policy(config: RouterConfig, stage: Stage): StagePolicy {
  const timeoutMs = readSetting('timeoutMs', config.timeoutMs);
  switch (readChoice('mode', config.mode, routerModes)) {
    case 'split': {
      const rows = readRows('branches', config.branches ?? newRouterBranches, (row) => ({ ...readRow(row), percent: readNumber('percent', row['percent'], percentField) ?? 0 }));
      return new RouterPolicy(rows, new Split(rows, readKey(config, stage)), timeoutMs, stage);
    }
    case 'rules': {
      const rows = readRows('branches', config.branches ?? newRouterBranches, (row) => ({ ...readRow(row), rule: readRule(row, stage) }));
      return new RouterPolicy(rows, new Rules(), timeoutMs, stage);
    }
  }
}

function readRow(row: RowConfig) {
  return { shadow: row['shadow'] === true, onFailure: readChoice('onFailure', row['onFailure'], onFailure) };
}

function readRule(row: RowConfig, { RED, node }: Stage): Rule {
  try {
    return new Rule(RED, node, isRecord(row['rule']) ? row['rule'] : {});
  } catch (error) {
    throw error instanceof RangeError ? error : new RangeError('A rule is no JSONata expression.');
  }
}

function readKey({ stickyBy, stickyByType = 'msg' }: RouterConfig, { RED, node }: Stage): StickyKey | undefined {
  return stickyBy ? new StickyKey(RED, node, stickyBy, stickyByType) : undefined;
}
