/** The line above the question: something about the page as a whole, with what can be done. */
import { byId } from './dom.ts';

export class Notice {
  readonly #box = byId('notice', HTMLDivElement);
  readonly #text = byId('notice-text', HTMLParagraphElement);
  readonly #button = byId('notice-button', HTMLButtonElement);
  readonly #status = byId('status', HTMLParagraphElement);
  #act: () => void = () => undefined;

  constructor() {
    this.#button.addEventListener('click', () => {
      this.hide();
      this.#act();
    });
  }

  show(text: string, label: string, act: () => void): void {
    this.#text.textContent = text;
    this.#button.textContent = label;
    this.#act = act;
    this.#box.hidden = false;
    this.announce(text);
  }

  hide(): void {
    this.#box.hidden = true;
  }

  /** Says something to those who listen to the page. */
  announce(text: string): void {
    this.#status.textContent = text;
  }
}
