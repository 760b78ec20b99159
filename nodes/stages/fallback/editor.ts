import type { FailureKind } from '../../core/errors.ts';
import { afterFirstToken, leadsOnByDefault, newFallbackBranches, selectableKinds, stageFields } from '../../core/stage-settings.ts';
import { fillDefaults } from '../../editor/defaults.ts';
import { kindsField } from '../../editor/kinds.ts';
import { checkField, checkRows, givenRows, type GivenRow, numberField, readNumber, rowNames, type RowNumber } from '../../editor/row-fields.ts';
import { RowList } from '../../editor/rows.ts';
import { stageDefaults, stageOutputLabel } from '../../editor/stage.ts';
import { choice, type EditedNode, translate } from '../../editor/validate.ts';
import { versioned } from '../../editor/version.ts';

interface FallbackBranch {
  name: string;
  /** The kinds of failure that lead on to the next row, where they are not the default ones. */
  on?: FailureKind[];
  timeoutMs: RowNumber;
}

let list: RowList<FallbackBranch> | undefined;

RED.nodes.registerType('llm-fallback', {
  category: 'LLM',
  color: '#B8ADD3',
  icon: 'llm-fallback.svg',
  paletteLabel: 'fallback',
  inputs: 1,
  outputs: 3,
  defaults: {
    ...versioned('llm-fallback'),
    ...stageDefaults(),
    branches: {
      value: newFallbackBranches,
      validate(value, _opt) {
        return checkBranches(this, value);
      },
    },
    afterFirstToken: choice(afterFirstToken),
  },
  label() {
    return this.name || 'fallback';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return stageOutputLabel(this, rowNames(givenRows(this['branches'], newFallbackBranches)), index);
  },
  oneditprepare() {
    fillDefaults(this, 'node-input-');
    list = branchList(this);
  },
  oneditsave() {
    list?.refresh();
    this['branches'] = list?.rows();
  },
  oneditresize() {
    list?.fill();
  },
});

function branchList(node: EditedNode): RowList<FallbackBranch> {
  const given = givenRows(node['branches'], newFallbackBranches);
  const names = rowNames(given);
  return new RowList<FallbackBranch>(node, {
    rows: given.map((row, index) => ({ ...readBranch(row), name: names[index] ?? '' })),
    columns: { time: 'fallback.label.timeoutMs', kinds: 'fallback.label.on' },
    added: () => readBranch({}),
    draw(line, row, content) {
      const time = numberField(node, $('<div class="llm-col-time">').appendTo(line), row.timeoutMs, stageFields.timeoutMs, 'fallback.label.timeoutMs');
      const kinds = kindsField(node, $('<div class="llm-col-kinds">').appendTo(line), content, row.on ?? leadsOnByDefault);
      return {
        read() {
          const on = kinds.read();
          return { ...(on && { on }), timeoutMs: time.read() };
        },
        refresh: (rows, index) => kinds.show(index < rows.length - 1),
      };
    },
    check: (rows) => checkBranches(node, rows),
  });
}

function readBranch({ on, timeoutMs }: GivenRow): Omit<FallbackBranch, 'name'> {
  const kinds = Array.isArray(on) && selectableKinds.filter((kind) => on.includes(kind));
  return { ...(kinds && { on: kinds }), timeoutMs: readNumber(timeoutMs, stageFields.timeoutMs.value) };
}

function checkBranches(node: EditedNode, branches: unknown): boolean | string {
  return checkRows(node, branches, ({ on, timeoutMs }) => {
    const kinds: readonly unknown[] = Array.isArray(on) ? on : [];
    const unknown = kinds.find((kind) => !selectableKinds.includes(kind as FailureKind));
    if (unknown !== undefined || (on !== undefined && !Array.isArray(on))) return translate(node, 'fallback.validate.kind', { kind: String(unknown ?? on) });
    return checkField(node, timeoutMs, { ...stageFields.timeoutMs, integer: true }, 'fallback.label.timeoutMs');
  });
}
