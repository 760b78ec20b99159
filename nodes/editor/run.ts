/** The part of a server's dialog that is about running it here: the fields, its state, its log. */
import { boundFields, isCoreList, isGpuList } from '../core/supervisor/bounds.ts';
import type { Machine } from '../core/supervisor/machine.ts';
import { readArguments, readEnvironment, runFields, startChoices } from '../core/supervisor/fields.ts';
import { KeptSecret } from './kept-secret.ts';
import { choice, type EditedNode, number, numberDefaults, savedPassword, translate, url, type Validator } from './validate.ts';

/** What the runtime tells of a server that was deployed. */
interface Report {
  state: string;
  byHand: boolean;
  adopted: boolean;
  restarts: number;
  pid?: number;
  progress?: number;
  problem?: string;
  crashedMsAgo?: number;
  lines: string[];
}

const askEveryMs = 1_500;

/** The `defaults` of a server that may be run here. */
export function runDefaults() {
  const { maxRestarts, waitForStartMs } = runFields;
  const { value, ...bounds } = runFields.idleStopMinutes;
  return {
    run: { value: false },
    url: { value: '', validate: runUrl },
    executable: { value: '' },
    extraArgs: { value: '', validate: oneArgumentALine },
    gpus: { value: '', validate: listOf(isGpuList, 'llm.validate.gpus') },
    cores: { value: '', validate: listOf(isCoreList, 'llm.validate.cores') },
    maxMemoryMb: { value: '', validate: number(boundFields.maxMemoryMb) },
    niceness: { value: '', validate: number(boundFields.niceness) },
    start: choice(startChoices),
    ...numberDefaults({ maxRestarts, waitForStartMs }),
    idleStopMinutes: { value, validate: number(bounds) },
  };
}

/** Its variables; they may be secrets, and so are credentials. */
export const environment: Validator = function (value, _opt) {
  if (value === savedPassword) return true;
  try {
    readEnvironment(value);
    return true;
  } catch {
    return translate(this, 'llm.validate.environment');
  }
};

/** What people copy from a command line stands in one line, and would be one argument. */
const oneArgumentALine: Validator = function (value, _opt) {
  return !readArguments(value).some((line) => /^-{1,2}[\w-]+\s/.test(line)) || translate(this, 'llm.validate.extraArgs');
};

/** A list, or nothing; blanks in it mean nothing. */
function listOf(isList: (text: string) => boolean, complaint: string): Validator {
  return function (value, _opt) {
    const text = String(value ?? '').replaceAll(' ', '');
    return text === '' || isList(text) || translate(this, complaint);
  };
}

const runUrl: Validator = function (value, opt) {
  const checked = url.call(this, value, opt);
  if (checked !== true || !value || !isRunHere(this)) return checked;
  const { protocol, hostname } = new URL(String(value));
  const isOurs = protocol === 'http:' && /^(127\.\d+\.\d+\.\d+|\[::1\]|(.+\.)?localhost)$/.test(hostname);
  return isOurs || translate(this, 'llm.validate.runUrl');
};

/** While its dialog is open the form is newer than the node. */
function isRunHere(node: EditedNode): boolean {
  const isEdited = RED.editor.getEditStack().some(({ id }) => id === node['id']);
  const field = $('#node-config-input-run');
  return isEdited && field.length > 0 ? field.is(':checked') : node['run'] === true;
}

/** `program` is what runs where the field is empty. Shows the fields only where they count, and the state and log as long as they are to be seen. */
export function prepareRun(node: EditedNode, program: string): void {
  const panel = $('.llm-run');
  prepareEnvironment(node);
  $('#node-config-input-executable').attr('placeholder', program);
  const field = $('#node-config-input-run');
  const show = () => {
    panel.toggle(field.is(':checked'));
    $('#node-config-input-url').trigger('change');
  };
  field.on('change', show);
  show();
  panel.find('[data-llm-run]').on('click', function (event) {
    event.preventDefault();
    void ask(node, panel, String($(this).data('llm-run')));
  });
  void watch(node, panel);
  void showMachine(node, panel.find('.llm-run-machine'));
}

/** What there is to be bounded, and what cannot be. */
async function showMachine(node: EditedNode, note: JQuery): Promise<void> {
  const say = (key: string, values?: Record<string, unknown>) => translate(node, `llm.run.machine.${key}`, values);
  try {
    const { cores, memoryMb, gpus, canBindCores, memoryKeeper } = (await $.ajax({ url: 'llm/machine' })) as Machine;
    const words = [
      say('has', { cores, last: cores - 1, memory: memoryMb.toLocaleString(RED.i18n.lang()) }),
      gpus.length > 0 ? say('gpus', { gpus: gpus.join(', ') }) : say('noGpus'),
      canBindCores ? '' : say('noCores'),
      memoryKeeper === 'kernel' ? '' : say(memoryKeeper),
    ];
    note.text(words.filter((word) => word !== '').join(' '));
  } catch {
    // Who may not ask, or finds nobody who answers, reads so where the state stands.
    note.hide();
  }
}

/** Its variables may be secrets: those that are saved stay where they are. */
function prepareEnvironment(node: EditedNode): void {
  const field = $('#node-config-input-environment');
  const text = $('#llm-environment');
  if (field.val() !== savedPassword) text.val(String(field.val() ?? ''));
  const secret = new KeptSecret(node, { field, container: $('.llm-run-environment'), onTyping: () => text.trigger('focus') });
  text.on('input change', () => {
    secret.type(String(text.val() ?? '').trim());
    text.toggleClass('input-error', environment.call(node, field.val(), {}) !== true);
  });
}

async function watch(node: EditedNode, panel: JQuery): Promise<void> {
  // A dialog that was closed is no part of the page any more.
  while (panel.get(0)?.isConnected) {
    if (panel.is(':visible')) await ask(node, panel);
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}

async function ask(node: EditedNode, panel: JQuery, action?: string): Promise<void> {
  const path = `llm/servers/${encodeURIComponent(String(node['id']))}`;
  try {
    const asked = action === undefined ? $.ajax({ url: path }) : $.ajax({ url: `${path}/${action}`, method: 'POST', contentType: 'application/json', data: '{}' });
    showReport(node, panel, (await asked) as Report);
  } catch (error) {
    const { status } = error as JQuery.jqXHR;
    const key = status === 401 || status === 403 ? 'llm.test.forbidden' : status === 404 ? 'llm.run.notDeployed' : 'llm.test.failed';
    panel.find('.llm-run-state').text(translate(node, key));
    panel.find('[data-llm-run]').prop('disabled', status === 404);
  }
}

function showReport(node: EditedNode, panel: JQuery, report: Report): void {
  const { state, byHand, adopted, restarts, pid, progress, lines } = report;
  const words = [
    translate(node, `llm.run.state.${state === 'stopped' && byHand ? 'byHand' : state}`),
    progress === undefined ? '' : `${progress} %`,
    pid === undefined ? '' : translate(node, 'llm.run.pid', { pid }),
    restarts === 0 ? '' : translate(node, 'llm.run.restarts', { restarts }),
    lastCrash(node, report),
  ];
  panel.find('.llm-run-state').toggleClass('llm-test-bad', state === 'backoff' || state === 'failed').text(words.filter((word) => word !== '').join(' · '));
  panel.find('[data-llm-run]').prop('disabled', false);
  panel.find('[data-llm-run="start"]').prop('disabled', pid !== undefined);
  panel.find('[data-llm-run="stop"]').prop('disabled', state === 'stopped' || state === 'failed');
  showLog(panel.find('.llm-run-log'), adopted ? translate(node, 'llm.run.adopted') : lines.join('\n'));
}

function lastCrash(node: EditedNode, { problem, crashedMsAgo = 0 }: Report): string {
  return problem === undefined ? '' : translate(node, 'llm.run.lastCrash', { when: ago(crashedMsAgo), problem });
}

function ago(ms: number): string {
  const format = new Intl.RelativeTimeFormat([RED.i18n.lang() || 'en'], { style: 'short' });
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return format.format(-seconds, 'second');
  return seconds < 7_200 ? format.format(-Math.round(seconds / 60), 'minute') : format.format(-Math.round(seconds / 3_600), 'hour');
}

/** It stays where a person reads, and at its end where nobody has moved it. */
function showLog(log: JQuery, text: string): void {
  const [element] = log;
  if (!element || element.textContent === text) return;
  const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 20;
  log.text(text);
  if (isAtEnd) element.scrollTop = element.scrollHeight;
}
