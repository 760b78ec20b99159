import { newMembers, stageFields, stickyByTypes, strategies, type Strategy, weighingStrategies, weightField } from '../../core/stage-settings.ts';
import { fillDefaults } from '../../editor/defaults.ts';
import { checkField, checkRows, givenRows, type GivenRow, numberField, readNumber, rowNames, type RowNumber } from '../../editor/row-fields.ts';
import { RowList } from '../../editor/rows.ts';
import { prepareStickyBy, stageDefaults, stageOutputLabel, stickyBy } from '../../editor/stage.ts';
import { prepareTabs } from '../../editor/tabs.ts';
import { choice, type EditedNode, formValue, numberDefaults } from '../../editor/validate.ts';
import { versioned } from '../../editor/version.ts';

interface Member {
  name: string;
  weight: RowNumber;
  maxConcurrent: RowNumber;
}

const { maxConcurrent: placesField, ...poolFields } = stageFields;

let list: RowList<Member> | undefined;

RED.nodes.registerType('llm-pool', {
  category: 'LLM',
  color: '#B8ADD3',
  icon: 'llm-pool.svg',
  paletteLabel: 'pool',
  inputs: 1,
  outputs: 3,
  defaults: {
    ...versioned('llm-pool'),
    ...stageDefaults(),
    strategy: choice(strategies),
    stickyBy: { value: 'llm.session', validate: stickyBy((node) => formValue(node, 'strategy') === 'sticky') },
    stickyByType: choice(stickyByTypes),
    members: {
      value: newMembers,
      validate(value, _opt) {
        return checkMembers(this, value);
      },
    },
    ...numberDefaults(poolFields),
  },
  label() {
    return this.name || 'pool';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return stageOutputLabel(this, rowNames(givenRows(this['members'], newMembers)), index);
  },
  oneditprepare() {
    fillDefaults(this, 'node-input-');
    prepareStickyBy();
    list = memberList(this);
    prepareTabs(this, () => list?.fill());
    $('#node-input-strategy').on('change', () => {
      list?.refresh();
      list?.fill();
    });
  },
  oneditsave() {
    list?.refresh();
    this['members'] = list?.rows();
  },
  oneditresize() {
    list?.fill();
  },
});

function memberList(node: EditedNode): RowList<Member> {
  const given = givenRows(node['members'], newMembers);
  const names = rowNames(given);
  return new RowList<Member>(node, {
    rows: given.map((row, index) => ({ ...readMember(row), name: names[index] ?? '' })),
    columns: { weight: 'pool.label.weight', places: 'pool.label.maxConcurrent' },
    added: () => readMember({}),
    draw(line, row) {
      const weight = numberField(node, $('<div class="llm-col-weight">').appendTo(line), row.weight, weightField, 'pool.label.weight');
      const places = numberField(node, $('<div class="llm-col-places">').appendTo(line), row.maxConcurrent, placesField, 'pool.label.maxConcurrent');
      return { read: () => ({ weight: weight.read(), maxConcurrent: places.read() }) };
    },
    check: (rows) => checkMembers(node, rows),
    refresh() {
      const strategy = $('#node-input-strategy').val() as Strategy;
      $('.llm-col-weight').toggle(weighingStrategies.includes(strategy));
      $('.llm-sticky').toggle(strategy === 'sticky');
    },
  });
}

function readMember({ weight, maxConcurrent }: GivenRow): Omit<Member, 'name'> {
  return { weight: readNumber(weight, weightField.value), maxConcurrent: readNumber(maxConcurrent, placesField.value) };
}

function checkMembers(node: EditedNode, members: unknown): boolean | string {
  return checkRows(node, members, ({ weight, maxConcurrent }) => {
    const reason = checkField(node, weight, weightField, 'pool.label.weight');
    return reason === true ? checkField(node, maxConcurrent, { ...placesField, integer: true }, 'pool.label.maxConcurrent') : reason;
  });
}
