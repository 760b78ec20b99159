/** What the dialogs of config nodes do that can be tested, accounts and servers first of all: the prices field and the Test button. */
import { healthInterval } from '../core/limits.ts';
import { fillDefaults } from './defaults.ts';
import { type EditedNode, number, prices, savedPassword, translate } from './validate.ts';

/** The `defaults` that every account and server has. */
export function connectionDefaults() {
  return { name: { value: '' }, prices: { value: '', validate: prices } };
}

/** The `defaults` that a server of one's own has. */
export function localServerDefaults() {
  const { value, ...bounds } = healthInterval;
  return { ...connectionDefaults(), healthIntervalMs: { value, validate: number({ ...bounds, integer: true }) } };
}

/** Sets up the dialog. */
export function prepareConnection(node: EditedNode): void {
  fillDefaults(node, 'node-config-input-');
  $('#node-config-input-prices').typedInput({ default: 'json', types: ['json'] });
  const result = $('.llm-test-result');
  // What was said is not said of what stands there now.
  $('.llm-dialog').on('input change', () => result.removeClass('llm-test-good llm-test-bad').text(''));
  $('.llm-test').on('click', (event) => {
    event.preventDefault();
    result.removeClass('llm-test-good llm-test-bad').text(translate(node, 'llm.test.running'));
    void test(node).then(({ ok, message }) => result.addClass(ok ? 'llm-test-good' : 'llm-test-bad').text(message));
  });
}

/** What a config node holds now, as the runtime wants it; a key or password only where it was typed since the last deploy. */
export function connectionFields(node: EditedNode): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(node._def.defaults)) fields[name] = node[name];
  const credentials = (node['credentials'] ?? {}) as Record<string, unknown>;
  for (const name of Object.keys(node._def.credentials ?? {})) {
    if (credentials[name] !== undefined && credentials[name] !== savedPassword) fields[name] = credentials[name];
  }
  return fields;
}

async function test(node: EditedNode): Promise<{ ok: boolean; message: string }> {
  const question = { type: node['type'], id: node['id'], fields: { ...connectionFields(node), ...formFields() } };
  try {
    return (await $.ajax({ url: 'llm/test', method: 'POST', contentType: 'application/json', data: JSON.stringify(question) })) as { ok: boolean; message: string };
  } catch (error) {
    const status = (error as JQuery.jqXHR).status;
    return { ok: false, message: translate(node, status === 401 || status === 403 ? 'llm.test.forbidden' : 'llm.test.failed') };
  }
}

/** What stands in the open form. */
function formFields(): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  $('[id^="node-config-input-"]').each(function () {
    const name = this.id.replace('node-config-input-', '');
    const value = $(this).is(':checkbox') ? $(this).is(':checked') : $(this).val();
    if (value !== savedPassword) fields[name] = value;
  });
  return fields;
}
