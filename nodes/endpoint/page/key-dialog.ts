/** Asks for the API key. */
import { byId } from './dom.ts';

export class KeyDialog {
  readonly #dialog = byId('key-dialog', HTMLDialogElement);
  readonly #field = byId('key', HTMLInputElement);
  readonly #reason = byId('key-reason', HTMLParagraphElement);
  #asking: Promise<string | undefined> | undefined;

  constructor() {
    byId('key-cancel', HTMLButtonElement).addEventListener('click', () => this.#dialog.close(''));
  }

  /** The key that was entered, or undefined. Whoever asks meanwhile gets the same answer. */
  ask(reason: string): Promise<string | undefined> {
    this.#asking ??= this.#ask(reason).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  #ask(reason: string): Promise<string | undefined> {
    this.#reason.textContent = reason;
    this.#field.value = '';
    // Escape would leave the word of the last time.
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
    this.#field.focus();
    return new Promise((resolve) => {
      const closed = (): void => resolve(this.#dialog.returnValue === 'use' ? this.#field.value.trim() || undefined : undefined);
      this.#dialog.addEventListener('close', closed, { once: true });
    });
  }
}
