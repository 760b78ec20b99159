/** The field for the question, with its buttons. */
import { byId } from './dom.ts';

export interface ComposerActions {
  send(question: string): void;
  stop(): void;
}

export class Composer {
  readonly #field = byId('question', HTMLTextAreaElement);
  readonly #send = byId('send', HTMLButtonElement);
  readonly #stop = byId('stop', HTMLButtonElement);
  readonly #actions: ComposerActions;
  #running = false;

  constructor(actions: ComposerActions) {
    this.#actions = actions;
    byId('composer', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener('keydown', (event) => this.#keyDown(event));
    this.#field.addEventListener('input', () => this.#changed());
    window.addEventListener('resize', () => this.#resize());
    this.#stop.addEventListener('click', () => actions.stop());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !event.isComposing && !document.querySelector('dialog[open]')) actions.stop();
    });
    this.#changed();
  }

  focus(): void {
    this.#field.focus();
  }

  /** Puts the focus into the field unless that would bring up a phone's keyboard. */
  focusIfHandy(): void {
    if (matchMedia('(hover: hover)').matches) this.focus();
  }

  setRunning(running: boolean): void {
    const stopHadFocus = document.activeElement === this.#stop;
    this.#running = running;
    this.#stop.hidden = !running;
    this.#send.hidden = running;
    if (stopHadFocus && !running) this.focus();
  }

  #keyDown(event: KeyboardEvent): void {
    // Enter also ends the composing of Japanese, Chinese and other scripts.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit(): void {
    const question = this.#field.value.trim();
    if (question === '' || this.#running) return;
    this.#field.value = '';
    this.#changed();
    this.#actions.send(question);
  }

  #changed(): void {
    this.#send.disabled = this.#field.value.trim() === '';
    this.#resize();
  }

  #resize(): void {
    // Its own height would otherwise count as content; the style sheet sets the greatest one.
    this.#field.style.height = 'auto';
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }
}
