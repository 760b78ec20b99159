/** Which files of a folder are documents, by patterns such as those of .gitignore files. */
import picomatch from 'picomatch';
import { defaultIgnore, defaultInclude } from './default-patterns.ts';

export interface FilePatterns {
  /** Empty: every file in a format that can be read. */
  readonly include?: readonly string[];
  /** Files and folders; absent: those of packages. */
  readonly ignore?: readonly string[];
  /** Whether files and folders count whose names begin with a dot. */
  readonly hidden?: boolean;
}

/** Both take paths from the folder on, with slashes. */
export interface FileFilter {
  readonly isDocument: (path: string) => boolean;
  /** Whether neither it nor anything in it is a document. */
  readonly isLeftOut: (path: string) => boolean;
}

export function fileFilter({ include = [], ignore = defaultIgnore, hidden = false }: FilePatterns = {}): FileFilter {
  const isIncluded = picomatch([...(include.length > 0 ? include : defaultInclude)], { dot: hidden, nocase: true });
  const isIgnored = picomatch(ignore.flatMap((pattern) => [pattern, `${pattern.replace(/\/$/, '')}/**`]), { dot: true, nocase: true });
  const isLeftOut = (path: string) => isIgnored(path) || (!hidden && path.split('/').some((part) => part.startsWith('.')));
  return { isLeftOut, isDocument: (path) => isIncluded(path) && !isLeftOut(path) };
}
