import { accessDefault, prepareAccess } from '../../editor/access.ts';
import { fillDefaults } from '../../editor/defaults.ts';
import { baseAddress, listeningDefaults, prepareListening } from '../../editor/listening.ts';
import { copyOnClick } from '../../editor/key-rows.ts';
import { PlainRows, type PlainRow, readField, textField } from '../../editor/plain-rows.ts';
import { checkField, choiceField, givenRows, type GivenRow, readChoice, readNumber, readText, numberOr, type RowNumber } from '../../editor/row-fields.ts';
import { prepareTabs } from '../../editor/tabs.ts';
import { apiKey, choice, checkNumber, type EditedNode, numberDefaults, translate } from '../../editor/validate.ts';
import { defaultMinutes, type Measure, measures, minutesField, type Scope, scopedMeasures, scopes, thresholds } from '../alerts/settings.ts';
import { timedPattern, wrongPattern } from '../capture/expressions.ts';
import { captureTargets, defaultLogFile, defaultMetricsPath, defaultOtlpUrl, logTargets, monitorFields, readMetricsPath, readOtlpUrl, telemetryTargets } from './settings.ts';
import { versioned } from '../../editor/version.ts';

interface AlertRow {
  name: string;
  measure: Measure;
  scope: Scope;
  above: RowNumber;
  minutes: RowNumber;
}

let alerts: PlainRows<AlertRow> | undefined;

RED.nodes.registerType('llm-monitor', {
  category: 'LLM',
  color: '#D8A9B5',
  icon: 'llm-monitor.svg',
  paletteLabel: 'monitor',
  inputs: 0,
  outputs: 2,
  defaults: {
    ...versioned('llm-monitor'),
    name: { value: '' },
    metrics: { value: true },
    path: {
      value: defaultMetricsPath,
      validate(value, _opt) {
        return pathOf(value) !== undefined || translate(this, 'monitor.validate.path');
      },
    },
    ...accessDefault('llm-monitor', 'token', () => false),
    ...listeningDefaults(),
    models: { value: '' },
    alerts: {
      value: [],
      validate(value, _opt) {
        return checkAlerts(this, value);
      },
    },
    log: choice(logTargets),
    logFile: { value: defaultLogFile },
    logAttempts: { value: false },
    logContent: { value: false },
    capture: choice(captureTargets),
    redactKeys: { value: true },
    redactEmails: { value: true },
    redactCards: { value: true },
    redactPatterns: {
      value: '',
      validate(value, _opt) {
        const wrong = wrongPattern(value);
        return wrong === undefined || translate(this, `monitor.validate.pattern.${wrong.reason}`, { line: wrong.line });
      },
    },
    telemetry: choice(telemetryTargets),
    otlpUrl: {
      value: defaultOtlpUrl,
      validate(value, _opt) {
        return attempt(() => readOtlpUrl(value)) !== undefined || translate(this, 'monitor.validate.otlpUrl');
      },
    },
    ...numberDefaults(monitorFields),
  },
  credentials: {
    token: { type: 'password', validate: apiKey() },
  },
  label() {
    return this.name || 'monitor';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return translate(this, index === 0 ? 'monitor.port.alerts' : 'monitor.port.summary');
  },
  oneditprepare() {
    fillDefaults(this, 'node-input-');
    alerts = alertList(this);
    prepareTabs(this, () => alerts?.fill());
    prepareAddress();
    noteTimedPattern(this);
    prepareAccess(this);
    showWith('log', (target) => ({ '.llm-monitor-log': target !== 'off', '.llm-monitor-file': target === 'file' }));
    showWith('capture', (target) => ({ '.llm-monitor-captured': target === 'memory' }));
    showWith('telemetry', (target) => ({ '.llm-monitor-otlp': target === 'otlp' }));
  },
  oneditsave() {
    this['alerts'] = alerts?.rows();
  },
  oneditresize() {
    alerts?.fill();
  },
});

/** Says which expression has a limit of time. */
function noteTimedPattern(node: EditedNode): void {
  const field = $('#node-input-redactPatterns');
  const note = $('<p class="llm-note llm-pattern-note" role="status">').insertAfter(field);
  const show = () => {
    const line = timedPattern(field.val());
    note.toggle(line !== undefined).text(line === undefined ? '' : translate(node, 'monitor.note.timedPattern', { line }));
  };
  field.on('input change', show);
  show();
}

function alertList(node: EditedNode): PlainRows<AlertRow> {
  return new PlainRows<AlertRow>(node, {
    container: $('#llm-monitor-alerts'),
    rows: givenRows(node['alerts'], []).map(readAlert),
    columns: { measure: 'monitor.label.measure', name: 'llm.label.name' },
    sortable: true,
    draw: (line, row) => drawAlert(node, line, row ?? readAlert({})),
    check: (rows) => checkAlerts(node, rows),
  });
}

function readAlert({ name, measure: given, scope, above, minutes }: GivenRow): AlertRow {
  const measure = readChoice(given, measures, measures[0]);
  return {
    name: readText(name),
    measure,
    scope: readChoice(scope, scopes, scopes[0]),
    above: readNumber(above, thresholds[measure]?.value ?? 0),
    minutes: readNumber(minutes, defaultMinutes(measure)),
  };
}

function drawAlert(node: EditedNode, line: JQuery, row: AlertRow): PlainRow<AlertRow> {
  const measure = choiceField(node, $('<div class="llm-col-measure">').appendTo(line), row.measure, measures, 'monitor.measure');
  measure.select.attr('aria-label', translate(node, 'monitor.label.measure'));
  const name = textField(node, $('<div class="llm-col-name">').appendTo(line), row.name, 'llm.label.name', 'monitor.placeholder.alertName');

  const more = $('<div class="llm-row-line">').insertAfter(line);
  const scope = choiceField(node, $('<div class="llm-col-scope">').appendTo(more), row.scope, scopes, 'monitor.scope');
  scope.select.attr('aria-label', translate(node, 'monitor.label.scope'));
  const bound = $('<div class="llm-col-bound">').appendTo(more);
  const above = numberBox(node, bound, row.above, 'monitor.label.above');
  const unit = $('<span class="llm-col-unit">').appendTo(bound);
  const lasting = $('<div class="llm-col-lasting">').appendTo(more);
  const minutes = numberBox(node, lasting, row.minutes, 'monitor.label.for');
  $('<span class="llm-col-unit">').text(translate(node, 'monitor.unit.minutes')).appendTo(lasting);

  const show = () => {
    const chosen = measure.read();
    scope.select.parent().toggle(scopedMeasures.includes(chosen));
    bound.toggle(thresholds[chosen] !== undefined);
    unit.text(thresholds[chosen] === undefined ? '' : translate(node, `monitor.unit.${chosen}`));
  };
  measure.select.on('change', () => {
    // What was right for another measure is wrong for this one.
    const fresh = readAlert({ measure: measure.read() });
    above.val(String(fresh.above));
    minutes.val(String(fresh.minutes));
    show();
  });
  show();
  return {
    first: name,
    read: () => ({ name: readField(name), measure: measure.read(), scope: scope.read(), above: numberIn(above), minutes: numberIn(minutes) }),
    refresh() {
      const bounds = thresholds[measure.read()];
      above.toggleClass('input-error', bounds !== undefined && checkNumber(node, numberIn(above), bounds) !== true);
      minutes.toggleClass('input-error', checkNumber(node, numberIn(minutes), minutesField) !== true);
    },
  };
}

function numberBox(node: EditedNode, cell: JQuery, value: RowNumber, label: string): JQuery {
  $('<span>').text(`${translate(node, label)} `).appendTo(cell);
  return $('<input type="text" inputmode="decimal">').attr('aria-label', translate(node, label)).val(String(value)).appendTo(cell);
}

/** Nothing is no number: it is marked, and the default would be a surprise. */
function numberIn(input: JQuery): RowNumber {
  const text = readField(input);
  return text === '' ? NaN : numberOr(text);
}

function checkAlerts(node: EditedNode, given: unknown): boolean | string {
  if (given === undefined || given === null) return true;
  if (!Array.isArray(given)) return translate(node, 'llm.validate.rows');
  for (const row of givenRows(given, [])) {
    const measure = readChoice(row['measure'], measures, measures[0]);
    const bounds = thresholds[measure];
    const reasons = [
      row['measure'] === undefined || row['measure'] === measure || translate(node, 'llm.validate.choice', { choices: measures.join(', ') }),
      bounds === undefined || checkField(node, row['above'], bounds, 'monitor.label.above'),
      checkField(node, row['minutes'], minutesField, 'monitor.label.for'),
    ];
    const reason = reasons.find((reason) => reason !== true);
    if (reason !== undefined) return translate(node, 'llm.validate.row', { name: readText(row['name']) || translate(node, `monitor.measure.${measure}`), reason });
  }
  return true;
}

/** The path as the runtime takes it, where it does. */
function pathOf(value: unknown): string | undefined {
  return attempt(() => readMetricsPath(value));
}

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Shows where Prometheus finds the metrics, seen from here. */
function prepareAddress(): void {
  const address = $('.llm-monitor-address');
  const update = () => {
    const isServed = $('#node-input-metrics').is(':checked');
    const path = pathOf($('#node-input-path').val());
    $('.llm-monitor-served').toggle(isServed);
    address.toggle(path !== undefined).find('code').text(path === undefined ? '' : baseAddress() + path);
  };
  copyOnClick(address.find('button'), () => address.find('code').text());
  $('#node-input-path').on('input change', update);
  $('#node-input-metrics').on('change', update);
  prepareListening(update);
}

/** Shows only what the chosen target needs. */
function showWith(name: string, shown: (target: string) => Record<string, boolean>): void {
  const select = $(`#node-input-${name}`);
  const update = () => {
    for (const [rows, isShown] of Object.entries(shown(String(select.val())))) $(rows).toggle(isShown);
  };
  select.on('change', update);
  update();
}
