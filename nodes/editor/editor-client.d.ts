/** What the published types of Node-RED's editor lack: two-argument validators, `hasUsers`, the edit stack, the text editor, typed values. */
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
  oneditresize?: () => void;
}

interface TextEditorOptions {
  value: string;
  mode: string;
  complete: (text: string) => void;
}

type EditorNodes = Omit<EditorRED['nodes'], 'registerType'> & {
  registerType(type: string, definition: Definition & ThisType<EditedNode>): void;
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

type Utils = Omit<EditorRED['utils'], 'validateTypedProperty'> & {
  validateTypedProperty(value: string, type: string, options: { label?: string }): true | string;
};

declare global {
  const RED: Omit<EditorRED, 'nodes' | 'editor' | 'tabs' | 'utils'> & { nodes: EditorNodes; editor: Editor; tabs: Tabs; utils: Utils };
}
