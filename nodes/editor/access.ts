/** Who may come in to a node that serves HTTP, in its dialog: the choice, and what the runtime knows where nobody has chosen. */
import { accessChoices, type AccessReport } from '../core/access.ts';
import { type EditedNode, formValue, translate } from './validate.ts';

/** By the id of the node, of those that run; undefined while nobody has told. */
let reports: Map<string, AccessReport> | undefined;

/**
 * The `access` in the defaults of a type. Saved nodes of it that have keys, and say nothing, say so as soon as the editor has them: the next
 * deploy saves it. `hasKeysHere` tells of keys that need no credential.
 */
export function accessDefault(type: string, credential: string, hasKeysHere: (node: EditedNode) => boolean) {
  watch(type);
  return {
    access: {
      value: '',
      validate(this: EditedNode, value: unknown, _opt: unknown): boolean | string {
        if (value !== undefined && !accessChoices.some((choice) => choice === value)) return translate(this, 'llm.validate.choice', { choices: 'everybody, keys' });
        return value !== 'keys' || hasKeysHere(this) || hasCredential(this, credential) || translate(this, 'llm.validate.noKeys');
      },
    },
  };
}

/** Says in the open dialog what a choice means. Called again by the function that it returns, when keys come or go. */
export function prepareAccess(node: EditedNode): () => void {
  const field = $('#node-input-access');
  const note = $('.llm-access-note');
  const show = () => {
    const choice = String(field.val() ?? '');
    note.text(translate(node, `llm.access.note.${choice === '' ? 'unchosen' : choice}`)).toggleClass('llm-access-open', choice !== 'keys');
    $('.llm-access-keys').toggle(choice !== 'everybody');
  };
  field.on('change', show);
  show();
  return () => field.trigger('change');
}

function hasCredential(node: EditedNode, name: string): boolean {
  const credentials = node['credentials'] as Record<string, unknown> | undefined;
  const typed = formOrUndefined(node, name) ?? credentials?.[name];
  if (typeof typed === 'string') return typed !== '';
  if (credentials) return credentials[`has_${name}`] === true;
  // What does not run is in no report.
  const tab = RED.nodes.workspace(String(node['z']));
  const runs = node['d'] !== true && tab !== undefined && tab.disabled !== true;
  return reports === undefined || !runs || reports.get(String(node['id']))?.hasKeys === true;
}

function formOrUndefined(node: EditedNode, name: string): string | undefined {
  const isEdited = RED.editor.getEditStack().some(({ id }) => id === node['id']);
  return isEdited && $(`#node-input-${name}`).length > 0 ? formValue(node, name) : undefined;
}

function watch(type: string): void {
  let timer: number | undefined;
  const ask = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void learn(type), 100);
  };
  RED.events.on('nodes:add', (node: unknown) => {
    if ((node as EditedNode)['type'] === type) ask();
  });
  // With the flows that were deployed, what is known of them is new.
  RED.comms.subscribe('notification/runtime-deploy', ask);
}

/** Who may not ask learns nothing, and sees no mark that needs it. */
async function learn(type: string): Promise<void> {
  const told = (await $.ajax({ url: 'llm/access' }).catch(() => undefined)) as AccessReport[] | undefined;
  if (!Array.isArray(told)) return;
  reports = new Map(told.map((report) => [report.id, report]));
  for (const found of RED.nodes.filterNodes({ type }) as unknown as EditedNode[]) {
    const bare = (found['__node__'] ?? found) as EditedNode;
    const report = reports.get(String(bare['id']));
    if (!bare['access'] && report && report.access !== 'everybody') bare['access'] = 'keys';
    RED.editor.validateNode(found);
    bare['dirty'] = true;
  }
  RED.view.redraw();
}
