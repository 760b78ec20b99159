/**
 * What the published types of Node-RED's editor lack: two-argument validators, `hasUsers`, flows by their id, the edit stack, the text
 * editor, the clipboard, typed values, fields that complete what is typed.
 */
import type { EditorRED } from 'node-red';
import type { EditedNode, Validator } from './validate.ts';

/** A node definition as the editors of Node-RED 4.1 and 5 take it. */
interface Definition {
  category: string;
  color?: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  paletteLabel?: string;
  hasUsers?: boolean;
  defaults: Record<string, { value: unknown; required?: boolean; type?: string; label?: string; validate?: Validator }>;
  credentials?: Record<string, { type: 'text' | 'password'; validate?: Validator }>;
  label?: () => string;
  labelStyle?: () => string;
  outputLabels?: (index: number) => string;
  oneditprepare?: () => void;
  oneditsave?: () => void;
  oneditcancel?: () => void;
  oneditresize?: () => void;
}

interface TextEditorOptions {
  value: string;
  mode: string;
  complete: (text: string) => void;
}

type EditorNodes = Omit<EditorRED['nodes'], 'registerType' | 'workspace'> & {
  registerType(type: string, definition: Definition & ThisType<EditedNode>): void;
  workspace(id: string): { disabled?: boolean } | undefined;
};

type Editor = Omit<EditorRED['editor'], 'editText'> & {
  getEditStack(): Array<{ id?: unknown }>;
  editText(options: TextEditorOptions): void;
};

interface Tabs {
  create(options: { id: string; onchange: (tab: { id: string }) => void }): {
    addTab(tab: { id: string; label: string }): void;
    activateTab(id: string): void;
  };
}

interface Clipboard {
  /** `element` is where `msg`, a key of the editor's own texts, is shown. */
  copyText(value: string, element: JQuery, msg: string): boolean;
}

type Utils = Omit<EditorRED['utils'], 'getNodeLabel' | 'validateTypedProperty'> & {
  getNodeLabel(node: object, defaultLabel?: string): string;
  validateTypedProperty(value: string, type: string, options: { label?: string }): true | string;
};

interface PluginDefinition {
  onadd?: () => void;
}

interface AutoCompleteOptions {
  search: (typed: string, done: (matches: Array<{ value: string; label: string }>) => void) => void;
  minLength?: number;
}

declare global {
  interface JQuery {
    autoComplete(options: AutoCompleteOptions): JQuery;
  }

  const RED: Omit<EditorRED, 'clipboard' | 'nodes' | 'editor' | 'plugins' | 'tabs' | 'utils'> & {
    clipboard: Clipboard;
    nodes: EditorNodes;
    editor: Editor;
    /** Gives the definition a `_` that translates with the catalog of its plugin. */
    plugins: { registerPlugin(id: string, definition: PluginDefinition): void };
    tabs: Tabs;
    utils: Utils;
  };
}
