/** The fields of a port of one's own, which several nodes have. */
import { portField, readHost, tlsKinds } from '../core/listening.ts';
import { prepareShownWhen } from './shown-when.ts';
import { choice, formValue, number, translate, type Validator } from './validate.ts';

export function listeningDefaults() {
  return {
    port: { value: '', validate: number({ ...portField, integer: true }) },
    host: { value: '', validate: hostValidator },
    tls: choice(tlsKinds),
    certFile: { value: '', validate: fileValidator },
    keyFile: { value: '', validate: fileValidator },
  };
}

const hostValidator: Validator = function (value, _opt) {
  try {
    readHost(value);
    return true;
  } catch {
    return translate(this, 'llm.validate.host');
  }
};

const fileValidator: Validator = function (value, _opt) {
  const isNeeded = formValue(this, 'port') !== '' && formValue(this, 'tls') === 'files';
  return !isNeeded || String(value ?? '').trim() !== '' || translate(this, 'llm.validate.certificate');
};

/** Shows what a port of one's own needs, and tells of each change. */
export function prepareListening(changed: () => void): void {
  prepareShownWhen('node-input-');
  const update = () => {
    $('.llm-listening').toggle(field('port') !== '');
    changed();
  };
  $('#node-input-port, #node-input-host, #node-input-tls, #node-input-access').on('input change', update);
  update();
}

/** Where the node's path begins, seen from here. */
export function baseAddress(): string {
  const port = field('port');
  if (port === '') return location.origin + String((RED.settings as { httpNodeRoot?: unknown }).httpNodeRoot ?? '').replace(/\/$/, '');
  return `${field('tls') === 'off' ? 'http' : 'https'}://${hostName()}:${port}`;
}

/** Until somebody has chosen who may come in, the port is for the machine itself. */
function hostName(): string {
  const host = field('host');
  if (field('access') === '') return host === '' || isAny(host) ? '127.0.0.1' : host;
  return host === '' || isAny(host) ? location.hostname : host;
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function field(name: string): string {
  return String($(`#node-input-${name}`).val() ?? '').trim();
}
