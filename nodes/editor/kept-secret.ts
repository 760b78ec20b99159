/** A secret of several lines. What is saved never comes back to the editor: it is kept, replaced as a whole, or removed. */
import { type EditedNode, savedPassword, translate } from './validate.ts';

export interface KeptSecretOptions {
  /** The hidden input that the editor saves the credential from. */
  readonly field: JQuery;
  /** Holds what is typed, in an element of the class `llm-kept-new`; the rest is made here. */
  readonly container: JQuery;
  /** Called when what is typed comes into view, or begins anew. */
  readonly onTyping?: () => void;
}

type State = 'typing' | 'kept' | 'removed';

export class KeptSecret {
  readonly #node: EditedNode;
  readonly #options: KeptSecretOptions;
  readonly #isSaved: boolean;
  readonly #says = $('<span class="llm-kept-says">');
  readonly #buttons: Readonly<Record<'replace' | 'remove' | 'keep', JQuery>>;

  constructor(node: EditedNode, options: KeptSecretOptions) {
    this.#node = node;
    this.#options = options;
    this.#isSaved = options.field.val() === savedPassword;
    this.#buttons = { replace: this.#button('replace', 'typing'), remove: this.#button('remove', 'removed'), keep: this.#button('keep', 'kept') };
    $('<div class="llm-kept-state" role="status">').append(this.#says, ' ', ...Object.values(this.#buttons)).prependTo(options.container);
    this.#show(this.#isSaved ? 'kept' : 'typing');
  }

  /** What was typed; nothing at all leaves what is saved. */
  type(text: string): void {
    this.#write(text === '' && this.#isSaved ? savedPassword : text);
  }

  #button(name: 'replace' | 'remove' | 'keep', state: State): JQuery {
    const button = $('<button type="button" class="red-ui-button red-ui-button-small">').text(translate(this.#node, `llm.kept.button.${name}`));
    return button.on('click', () => {
      this.#write(state === 'removed' ? '' : savedPassword);
      this.#show(state);
    });
  }

  #write(value: string): void {
    this.#options.field.val(value).trigger('change');
  }

  #show(state: State): void {
    const { container, onTyping } = this.#options;
    const { replace, remove, keep } = this.#buttons;
    container.find('.llm-kept-state').toggle(this.#isSaved);
    this.#says.text(translate(this.#node, `llm.kept.${state}`));
    replace.toggle(state === 'kept');
    remove.toggle(state === 'kept');
    keep.toggle(state !== 'kept');
    container.find('.llm-kept-new').toggle(state === 'typing');
    if (state === 'typing') onTyping?.();
  }
}
