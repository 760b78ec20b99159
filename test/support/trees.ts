/** Random trees of stages over echoes that fail in every way, as nodes of a flow. */
import { failureKinds } from '../../nodes/core/errors.ts';
import { afterFirstToken, leadsOnByDefault, strategies } from '../../nodes/core/stage-settings.ts';
import type { Chance } from './chance.ts';
import type { FlowNode } from './flow.ts';

/** A backend, or other nodes that answer in the place of one. */
export interface Leaf {
  readonly id: string;
  readonly type: 'llm-echo' | 'test-answer';
  readonly config: object;
  readonly rows?: undefined;
}

export interface Row {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly branch: Tree;
}

export interface StageTree {
  readonly id: string;
  readonly type: 'llm-fallback' | 'llm-pool' | 'llm-router';
  readonly config: Readonly<Record<string, unknown>>;
  readonly rows: readonly Row[];
}

export type Tree = Leaf | StageTree;

export interface TreeOptions {
  /** How many stages there are at most from the root to a backend. */
  depth: number;
  /** Whether nodes of other palettes stand in some branches. */
  foreign?: boolean;
}

/** A tree whose root is a stage. */
export function plant(chance: Chance, { depth, foreign = true }: TreeOptions): StageTree {
  return new Planter(chance, foreign).stage('root', depth);
}

class Planter {
  readonly #chance: Chance;
  readonly #foreign: boolean;

  constructor(chance: Chance, foreign: boolean) {
    this.#chance = chance;
    this.#foreign = foreign;
  }

  stage(id: string, depth: number): StageTree {
    const chance = this.#chance;
    const count = 1 + chance.below(4);
    const branches = chance.list(count, (index) => this.#tree(`${id}-${index}`, depth - 1));
    const rowsOf = (configs: ReadonlyArray<Record<string, unknown>>): Row[] =>
      branches.map((branch, index) => ({ name: `to ${branch.id}`, config: configs[index] ?? {}, branch }));
    switch (chance.below(3)) {
      case 0:
        return { id, type: 'llm-fallback', config: { afterFirstToken: chance.pick(afterFirstToken) }, rows: rowsOf(chance.list(count, () => this.#fallbackRow())) };
      case 1:
        return { id, type: 'llm-pool', config: this.#poolConfig(), rows: rowsOf(chance.list(count, () => this.#member())) };
      default:
        return this.#router(id, rowsOf(this.#routerRows(count)));
    }
  }

  #tree(id: string, depth: number): Tree {
    const chance = this.#chance;
    if (depth > 0 && !chance.oneIn(4)) return this.stage(id, depth);
    if (this.#foreign && chance.oneIn(8)) return { id, type: 'test-answer', config: {} };
    return { id, type: 'llm-echo', config: this.#echo() };
  }

  #echo(): object {
    const chance = this.#chance;
    const faultKind = chance.pick([...failureKinds, 'server', 'unavailable', 'overloaded', 'interrupted']);
    return {
      faultKind,
      faultPercent: faultKind === 'timeout' ? 1 : 10 + chance.below(70),
      faultAfterTokens: chance.below(4),
      tokensPerSecond: chance.pick([0, 1_000_000]),
      delayMs: chance.oneIn(12) ? 1 : 0,
      firstTokenTimeoutMs: 5,
      idleTimeoutMs: 5,
      retries: chance.below(2),
      retryBaseMs: 0,
      retryMaxMs: 0,
      breakerFailures: chance.pick([0, 3]),
      breakerOpenMs: 1,
      maxConcurrent: chance.pick([0, 20]),
      maxQueued: chance.pick([0, 100]),
    };
  }

  #fallbackRow(): Record<string, unknown> {
    const chance = this.#chance;
    const on = chance.oneIn(4) ? failureKinds.filter(() => chance.oneIn(2)) : leadsOnByDefault;
    return { on, timeoutMs: chance.oneIn(6) ? 5 + chance.below(20) : 0 };
  }

  #poolConfig(): Record<string, unknown> {
    const chance = this.#chance;
    return {
      strategy: chance.pick(strategies),
      attempts: 1 + chance.below(4),
      maxQueued: chance.pick([0, 10, 1000]),
      queueTimeoutMs: 20,
      breakerFailures: chance.pick([0, 3]),
      breakerOpenMs: 1,
      timeoutMs: chance.oneIn(6) ? 5 + chance.below(20) : 0,
    };
  }

  #member(): Record<string, unknown> {
    const chance = this.#chance;
    return { weight: chance.below(4), maxConcurrent: chance.pick([0, 4, 16]) };
  }

  #routerRows(count: number): Array<Record<string, unknown>> {
    const chance = this.#chance;
    return chance.list(count, (index) => ({ onFailure: chance.pick(['fail', 'next', 'next']), shadow: index > 0 && chance.oneIn(5) }));
  }

  /** A split into equal shares, or rules that go by the number of the request. */
  #router(id: string, rows: readonly Row[]): StageTree {
    const answering = rows.filter(({ config }) => config['shadow'] !== true);
    const mode = this.#chance.pick(['split', 'rules']);
    const rule = (row: Row) => {
      const isLast = row === answering.at(-1);
      return isLast ? { operator: 'else' } : { property: 'number', operator: 'regex', value: `[${this.#chance.below(10)}-9]$` };
    };
    const settingsOf = (row: Row) => {
      if (mode === 'rules') return { rule: rule(row) };
      return { percent: row.config['shadow'] === true ? 20 : 100 / answering.length };
    };
    return { id, type: 'llm-router', config: { mode }, rows: rows.map((row) => ({ ...row, config: { ...row.config, ...settingsOf(row) } })) };
  }
}

/** The nodes of a flow that make up a tree; the answers of its root leave for `answers`. */
export function nodesOf(tree: Tree, chance: Chance, answers: string[]): FlowNode[] {
  if (!tree.rows) return [leafNode(tree, answers)];
  const property = tree.type === 'llm-pool' ? 'members' : 'branches';
  const branches = tree.rows.map(({ branch }) => branchNodes(branch, chance));
  const stage = {
    id: tree.id,
    type: tree.type,
    ...tree.config,
    [property]: tree.rows.map(({ name, config }) => ({ name, ...config })),
    wires: [answers, ...branches.map(({ entries }) => entries)],
  };
  return [stage, ...branches.flatMap(({ nodes }) => nodes)];
}

function leafNode({ id, type, config }: Leaf, answers: string[]): FlowNode {
  return { id, type, name: id, ...config, wires: [answers] };
}

/** The second backend of a branch that forks. */
export function twinOf({ id }: Tree): string {
  return `${id} twin`;
}

/** A branch with or without nodes of other palettes before and behind what answers, or one that forks to two backends. */
function branchNodes(tree: Tree, chance: Chance): { entries: string[]; nodes: FlowNode[] } {
  const { id } = tree;
  const ends: FlowNode = { id: `${id} return`, type: 'llm-return', name: id, wires: [] };
  if (tree.type === 'test-answer') return { entries: [id], nodes: [leafNode(tree, [ends.id]), ends] };
  switch (chance.below(8)) {
    case 0:
      return { entries: [id], nodes: [...nodesOf(tree, chance, [ends.id]), ends] };
    case 1:
      return { entries: [id], nodes: [...nodesOf(tree, chance, [`${id} behind`]), { id: `${id} behind`, type: 'test-pass', wires: [[ends.id]] }, ends] };
    case 2:
      return { entries: [`${id} before`], nodes: [{ id: `${id} before`, type: 'test-pass', wires: [[id]] }, ...nodesOf(tree, chance, [])] };
    case 3:
      return { entries: [id], nodes: nodesOf(tree, chance, ['watched']) };
    case 4: {
      const twin = { ...tree, id: twinOf(tree) };
      return twin.rows ? { entries: [id], nodes: nodesOf(tree, chance, []) } : { entries: [id, twin.id], nodes: [...nodesOf(tree, chance, []), leafNode(twin, [])] };
    }
    default:
      return { entries: [id], nodes: nodesOf(tree, chance, []) };
  }
}
