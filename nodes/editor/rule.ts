/** The rule of a router's row, with the operators of Node-RED's switch node. */
import { isRecord } from '../core/json.ts';
import { isLinear } from '../core/patterns/syntax.ts';
import { operators, operatorsWithoutProperty, operatorsWithoutValue, propertyTypes, type RuleConfig, typeNames, valueTypes } from '../core/stage-settings.ts';
import { checkbox, choiceField, type GivenRow, readChoice, readText } from './row-fields.ts';
import { checkTyped, type EditedNode, isPattern } from './validate.ts';

type Operator = (typeof operators)[number];
type ValueType = (typeof valueTypes)[number];

export interface Rule extends RuleConfig {
  property: string;
  propertyType: (typeof propertyTypes)[number];
  operator: Operator;
  value: string;
  valueType: ValueType;
  value2?: string;
  value2Type?: ValueType;
}

/** A rule out of a flow file. */
export function readRule(stands: unknown): Rule {
  const given: GivenRow = isRecord(stands) ? stands : {};
  const rule: Rule = {
    property: readText(given['property'] ?? 'payload'),
    propertyType: readChoice(given['propertyType'], propertyTypes, 'msg'),
    operator: readChoice(given['operator'], operators, 'eq'),
    value: String(given['value'] ?? ''),
    valueType: readChoice(given['valueType'], valueTypes, 'str'),
  };
  if (rule.operator === 'regex') rule.case = given['case'] === true;
  if (rule.operator !== 'btwn') return rule;
  return { ...rule, value2: String(given['value2'] ?? ''), value2Type: readChoice(given['value2Type'], valueTypes, 'num') };
}

/** True, or why the rule cannot hold for anything. */
export function checkRule(node: EditedNode, rule: Rule): boolean | string {
  const checks: Array<() => boolean | string> = [];
  if (!operatorsWithoutProperty.includes(rule.operator)) checks.push(() => checkTyped(node, rule.property, rule.propertyType));
  if (!operatorsWithoutValue.includes(rule.operator)) checks.push(() => checkTyped(node, rule.value, comparedType(rule)));
  if (rule.operator === 'btwn') checks.push(() => checkTyped(node, rule.value2, rule.value2Type ?? 'num'));
  for (const check of checks) {
    const reason = check();
    if (reason !== true) return reason;
  }
  return true;
}

/** Some operators make something else of a constant text. */
function comparedType({ operator, valueType }: Rule): string {
  if (operator === 'jsonata_exp') return 'jsonata';
  return operator === 'regex' && valueType === 'str' ? 're' : valueType;
}

/** The fields of a rule, two lines in `container`. Made when first shown: typed fields cost time, and need room to measure themselves. */
export class RuleFields {
  readonly #node: EditedNode;
  readonly #container: JQuery;
  readonly #given: Rule;
  #isDrawn = false;
  #read: (() => Rule) | undefined;

  constructor(node: EditedNode, container: JQuery, given: Rule) {
    this.#node = node;
    this.#container = container;
    this.#given = given;
  }

  read(): Rule {
    return this.#read?.() ?? this.#given;
  }

  show(visible: boolean): void {
    this.#container.toggle(visible);
    if (!visible || this.#isDrawn) return;
    // Before they are drawn: typed fields announce changes while they are made, and the list asks its rows to show themselves then.
    this.#isDrawn = true;
    this.#read = drawRule(this.#node, this.#container, this.#given);
  }
}

function drawRule(node: EditedNode, container: JQuery, rule: Rule): () => Rule {
  const subject = $('<div class="llm-row-line">').appendTo(container);
  const property = typedField(subject, rule.property, rule.propertyType, [...propertyTypes]);
  const operator = choiceField(node, $('<div class="llm-col-operator">').appendTo(subject), rule.operator, operators, 'router.operator');
  const object = $('<div class="llm-row-line">').appendTo(container);
  const value = typedField(object, rule.value, rule.valueType, [...valueTypes]);
  const and = $('<span>').text(node._('router.and')).appendTo(object);
  const value2 = typedField(object, rule.value2 ?? '', rule.value2Type ?? 'num', [...valueTypes]);
  const ignoreCase = checkbox(node._('router.ignoreCase'), rule.case === true);
  object.append(ignoreCase.element);

  const note = $('<div class="llm-muted llm-pattern-note" role="status">').text(node._('router.timedPattern')).appendTo(container);
  const showNote = () => {
    const isConstant = operator.read() === 'regex' && ['re', 'str'].includes(value.type());
    note.toggle(isConstant && isPattern(value.value()) && !isLinear(value.value(), { ignoreCase: ignoreCase.input.is(':checked'), unicode: false }));
  };
  for (const element of [value.cell, ignoreCase.element]) element.on('change input', 'input', showNote);

  const arrange = () => {
    const chosen = operator.read();
    property.cell.toggle(!operatorsWithoutProperty.includes(chosen));
    object.toggle(!operatorsWithoutValue.includes(chosen));
    value.offer(typesFor(node, chosen));
    and.toggle(chosen === 'btwn');
    value2.cell.toggle(chosen === 'btwn');
    ignoreCase.element.toggle(chosen === 'regex');
    showNote();
  };
  operator.select.on('change', arrange);
  arrange();

  return () =>
    readRule({
      property: property.value(),
      propertyType: property.type(),
      operator: operator.read(),
      value: value.value(),
      valueType: value.type(),
      value2: value2.value(),
      value2Type: value2.type(),
      case: ignoreCase.input.is(':checked'),
    });
}

/** What an operator compares with. A type's name is a text like any other in the flow file. */
function typesFor(node: EditedNode, operator: Operator): unknown[] {
  if (operator === 'jsonata_exp') return ['jsonata'];
  if (operator === 'istype') return [{ value: 'str', options: typeNames.map((name) => ({ value: name, label: node._(`router.type.${name}`) })) }];
  return operator === 'regex' ? ['re', 'str', 'msg', 'flow', 'global', 'env', 'jsonata'] : valueTypes.filter((type) => type !== 're');
}

function typedField(line: JQuery, value: string, type: string, types: unknown[]) {
  const cell = $('<div class="llm-col-typed">').appendTo(line);
  const input = $('<input type="text" style="width: 100%">').appendTo(cell);
  input.typedInput({ default: type, types: types as never });
  input.typedInput('value', value);
  let offered = JSON.stringify(types);
  return {
    cell,
    value: () => String(input.typedInput('value')),
    type: () => String(input.typedInput('type')),
    offer(others: unknown[]) {
      if (JSON.stringify(others) === offered) return;
      offered = JSON.stringify(others);
      input.typedInput('types', others as never);
    },
  };
}
