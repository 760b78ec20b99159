/** The editor for a prompt's template. The default one is shown where none is set, and not stored, so that a better one comes with an update. */
import { defaultTemplate } from '../rag/prompt/default-template.ts';
import { PromptTemplate } from '../rag/prompt/prompt.ts';
import { type EditedNode, translate } from './validate.ts';

/** True, or why there can be no prompt. */
export function checkTemplate(value: unknown): true | string {
  try {
    new PromptTemplate(String(value || defaultTemplate));
    return true;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Prompts are prose. For either of the two editors that Node-RED may have: Monaco, Ace. */
const forProse = { wordWrap: 'on', minimap: { enabled: false }, options: { wrap: true } };

export class TemplateEditor {
  readonly #node: EditedNode;
  readonly #editor: AceAjax.Editor;
  /** What is saved. */
  readonly #field = $('#node-input-template');

  constructor(node: EditedNode) {
    this.#node = node;
    const value = String(this.#field.val() || defaultTemplate);
    this.#editor = RED.editor.createEditor({ element: $('.llm-rag-template'), mode: 'ace/mode/handlebars', value, ...forProse });
    this.#editor.getSession().on('change', () => this.#changed());
    $('.llm-rag-template-state button').on('click', () => this.#editor.setValue(defaultTemplate, -1));
    this.#changed();
  }

  /** Measures itself anew: it cannot while it is hidden. */
  resize(): void {
    this.#editor.resize();
  }

  destroy(): void {
    this.#editor.destroy();
  }

  #changed(): void {
    const text = this.#editor.getValue();
    const isDefault = text.trim() === '' || text === defaultTemplate;
    this.#field.val(isDefault ? '' : text).trigger('change');
    const reason = checkTemplate(isDefault ? '' : text);
    const state = $('.llm-rag-template-state');
    state.children('span').toggleClass('llm-wrong', reason !== true).text(reason === true ? translate(this.#node, 'rag.note.template') : reason);
    state.children('button').prop('disabled', text === defaultTemplate);
  }
}
