/** The chat page of an endpoint. It speaks the endpoint's public API and nothing else. */
import { Api, ApiError } from './api.ts';
import { Chat, sentenceOf } from './chat.ts';
import { Composer } from './composer.ts';
import { byId } from './dom.ts';
import { KeyDialog } from './key-dialog.ts';
import { Memory, openStore } from './memory.ts';
import { Notice } from './notice.ts';
import { Scrolling } from './scrolling.ts';
import { SettingsPanel } from './settings-panel.ts';

// The page is {path}/chat, the API {path}/….
const base = new URL('.', location.href).href;
const memory = new Memory(
  base,
  openStore(() => localStorage),
  openStore(() => sessionStorage),
);
const api = new Api(base, () => memory.key);
const notice = new Notice();
const keyDialog = new KeyDialog();
const settings = new SettingsPanel(memory, () => void changeKey());
const scrolling = new Scrolling(byId('scroller', HTMLElement), byId('exchanges', HTMLDivElement), byId('to-end', HTMLButtonElement));
const composer = new Composer({ send: (question) => chat.send(question), stop: () => chat.stop() });
const chat = new Chat({ api, memory, settings, composer, notice, scrolling, askKey });

composer.focusIfHandy();
void loadModels();

async function loadModels(): Promise<void> {
  try {
    settings.showModels(await api.models());
  } catch (error) {
    if (error instanceof ApiError && error.needsKey && (await keyDialog.ask(error.message).then(keepKey))) return loadModels();
    notice.show(`The list of models is missing. ${sentenceOf(error)}`, 'Try again', () => void loadModels());
  }
}

async function askKey(reason: string): Promise<boolean> {
  if (!keepKey(await keyDialog.ask(reason))) return false;
  if (settings.model === '') void loadModels();
  return true;
}

async function changeKey(): Promise<void> {
  if (keepKey(await keyDialog.ask('For an endpoint that lets in only those who have one.'))) await loadModels();
}

function keepKey(key: string | undefined): boolean {
  if (key === undefined) return false;
  memory.key = key;
  settings.showKey();
  return true;
}
