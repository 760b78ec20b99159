/** Small helpers for the document. */
import { element, setText } from '../../editor/dom.ts';

export { element, setText };

/** The element of page.html with this id. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`page.html has no ${kind.name} #${id}.`);
  return found;
}

/** A link to a page of somebody else's. */
export function linkTo(url: string, ...content: (Node | string)[]): HTMLAnchorElement {
  const link = element('a', '', ...content);
  link.href = url;
  link.target = '_blank';
  link.rel = 'noopener noreferrer nofollow';
  link.title = url;
  return link;
}

/** Shows an element with this text, or hides it where there is none. */
export function showText(target: HTMLElement, text: string | undefined, container = target): void {
  container.hidden = text === undefined;
  setText(target, text ?? '');
}

/** A button that copies a text and says so. */
export function makeCopying(button: HTMLButtonElement, text: () => string): void {
  const label = button.textContent;
  let timer = 0;
  button.addEventListener('click', () => {
    void copy(text()).then((copied) => {
      button.textContent = copied ? 'Copied' : 'Not allowed';
      clearTimeout(timer);
      timer = setTimeout(() => (button.textContent = label), 2000);
    });
  });
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTheOldWay(text);
  }
}

/** Without TLS, as on an edge box, browsers have no clipboard interface. */
function copyTheOldWay(text: string): boolean {
  const focused = document.activeElement;
  const helper = element('textarea', 'unseen');
  helper.value = text;
  document.body.append(helper);
  helper.select();
  // oxlint-disable-next-line typescript/no-deprecated
  const copied = document.execCommand('copy');
  helper.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
