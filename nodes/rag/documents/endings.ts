/** The formats that documents are read in, by the endings of their files' names. Read by the runtime and by the editor. */

export type Format = 'text' | 'markdown' | 'html' | 'pdf' | 'word' | 'jsonLines';

export const byEnding: Readonly<Record<string, Format>> = {
  txt: 'text',
  text: 'text',
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  pdf: 'pdf',
  docx: 'word',
  jsonl: 'jsonLines',
  ndjson: 'jsonLines',
};

/** Endings of file names whose format is known; a file with another one is read as text where it is text. */
export const knownEndings = Object.keys(byEnding);
