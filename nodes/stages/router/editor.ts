import { newRouterBranches, onFailure, percentField, routerModes, stageFields, stickyByTypes } from '../../core/stage-settings.ts';
import { fillDefaults } from '../../editor/defaults.ts';
import { checkbox, checkField, checkRows, choiceField, givenRows, type GivenRow, numberField, readChoice, readNumber, rowNames, type RowNumber } from '../../editor/row-fields.ts';
import { RowList, type RowView } from '../../editor/rows.ts';
import { checkRule, readRule, type Rule, RuleFields } from '../../editor/rule.ts';
import { equal, isWhole, scaled, sumOf } from '../../editor/shares.ts';
import { prepareStickyBy, stageDefaults, stageOutputLabel, stickyBy } from '../../editor/stage.ts';
import { choice, type EditedNode, formValue, numberDefaults, translate } from '../../editor/validate.ts';
import { versioned } from '../../editor/version.ts';

interface RouterBranch {
  name: string;
  percent: RowNumber;
  rule: Rule;
  /** Gets copies of requests, whose answers are thrown away. */
  shadow: boolean;
  onFailure: (typeof onFailure)[number];
}

let list: RowList<RouterBranch> | undefined;

RED.nodes.registerType('llm-router', {
  category: 'LLM',
  color: '#B8ADD3',
  icon: 'llm-router.svg',
  paletteLabel: 'router',
  inputs: 1,
  outputs: 3,
  defaults: {
    ...versioned('llm-router'),
    ...stageDefaults(),
    mode: choice(routerModes),
    branches: {
      value: newRouterBranches,
      validate(value, _opt) {
        return checkBranches(this, value, isSplit(this));
      },
    },
    stickyBy: { value: '', validate: stickyBy(isSplit) },
    stickyByType: choice(stickyByTypes),
    ...numberDefaults({ timeoutMs: stageFields.timeoutMs }),
  },
  label() {
    return this.name || 'router';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return stageOutputLabel(this, rowNames(givenRows(this['branches'], newRouterBranches)), index);
  },
  oneditprepare() {
    fillDefaults(this, 'node-input-');
    prepareStickyBy();
    list = branchList(this);
    $('#node-input-mode').on('change', () => {
      list?.refresh();
      list?.fill();
    });
  },
  oneditsave() {
    list?.refresh();
    this['branches'] = list?.rows();
  },
  oneditresize() {
    list?.fill();
  },
});

function branchList(node: EditedNode): RowList<RouterBranch> {
  const given = givenRows(node['branches'], newRouterBranches);
  const names = rowNames(given);
  return new RowList<RouterBranch>(node, {
    rows: given.map((row, index) => ({ ...readBranch(row), name: names[index] ?? '' })),
    columns: { percent: 'router.label.percent', failure: 'router.label.onFailure', shadow: 'router.label.shadow' },
    buttons: [
      { id: 'llm-shares-scale', label: node._('router.scale'), click: () => list?.change((rows) => withShares(rows, scaled)) },
      { id: 'llm-shares-equal', label: node._('router.equal'), click: () => list?.change((rows) => withShares(rows, ({ length }) => equal(length))) },
    ],
    added: (rows) => ({ ...readBranch({}), percent: Math.max(0, sumOf([100, -(shareSum(rows) ?? 100)])) }),
    draw: (line, row, content) => drawBranch(node, line, row, content),
    check: (rows) => checkBranches(node, rows, false),
    refresh(rows) {
      const split = isSplit(node);
      $('.llm-col-percent, .llm-sum, #llm-shares-scale, #llm-shares-equal, .llm-sticky').toggle(split);
      const sum = shareSum(rows);
      const isWrong = sum !== undefined && !isWhole(sum);
      $('.llm-sum').text(sum === undefined ? '' : node._(isWrong ? 'router.validate.sum' : 'router.sum', { sum })).toggleClass('llm-wrong', isWrong);
    },
  });
}

function drawBranch(node: EditedNode, line: JQuery, row: RouterBranch, content: JQuery): RowView<RouterBranch> {
  const percent = numberField(node, $('<div class="llm-col-percent">').appendTo(line), row.percent, percentField, 'router.label.percent');
  const failureCell = $('<div class="llm-col-failure">').appendTo(line);
  const failure = choiceField(node, failureCell, row.onFailure, onFailure, 'router.onFailure');
  const none = $('<span class="llm-muted">').text(node._('router.noOnFailure')).appendTo(failureCell);
  const shadow = checkbox('', row.shadow);
  $('<div class="llm-col-shadow">').append(shadow.element).appendTo(line);
  const rule = new RuleFields(node, $('<div class="llm-rule">').appendTo(content), row.rule);
  return {
    read: () => ({ percent: percent.read(), rule: rule.read(), shadow: shadow.input.is(':checked'), onFailure: failure.read() }),
    write: (row) => percent.write(row.percent),
    refresh(rows, index) {
      rule.show(!isSplit(node));
      // A shadow's failure hurts nobody; the last row goes on to the first, where there is another.
      const matters = !rows[index]?.shadow && rows.filter(({ shadow }) => !shadow).length > 1;
      failure.select.toggle(matters);
      none.toggle(!matters);
    },
  };
}

function readBranch({ percent, rule, shadow, onFailure: given }: GivenRow): Omit<RouterBranch, 'name'> {
  return {
    percent: readNumber(percent, percentField.value),
    rule: readRule(rule),
    shadow: shadow === true,
    onFailure: readChoice(given, onFailure, 'fail'),
  };
}

function isSplit(node: EditedNode): boolean {
  return formValue(node, 'mode') !== 'rules';
}

/** Undefined where an environment variable holds one of the shares. */
function shareSum(rows: ReadonlyArray<{ percent: RowNumber; shadow: boolean }>): number | undefined {
  const shares = sharesOf(rows);
  return shares && sumOf(shares);
}

function sharesOf(rows: ReadonlyArray<{ percent: RowNumber; shadow: boolean }>): number[] | undefined {
  const shares = rows.filter(({ shadow }) => !shadow).map(({ percent }) => percent);
  return shares.every((share) => typeof share === 'number') ? shares : undefined;
}

/** Other shares for all but the shadows; the same ones where not all of them are known. */
function withShares(rows: readonly RouterBranch[], change: (shares: readonly number[]) => number[]): RouterBranch[] {
  const given = sharesOf(rows);
  if (!given) return [...rows];
  const shares = change(given);
  return rows.map((row) => (row.shadow ? row : { ...row, percent: shares.shift() ?? row.percent }));
}

/** `summed` asks for the sum of the shares as well; the dialog shows it apart. */
function checkBranches(node: EditedNode, branches: unknown, summed: boolean): boolean | string {
  const split = isSplit(node);
  const reason = checkRows(node, branches, (row) => (split ? checkField(node, row['percent'], percentField, 'router.label.percent') : checkRule(node, readRule(row['rule']))));
  if (reason !== true || !summed) return reason;
  const sum = shareSum(givenRows(branches, newRouterBranches).map((row) => readBranch(row)));
  return sum === undefined || isWhole(sum) || translate(node, 'router.validate.sum', { sum });
}
