/** What every part of the sidebar may use. */
import type { Canvas } from './canvas.ts';
import type { Translate } from './texts.ts';

export interface Surroundings {
  readonly t: Translate;
  readonly canvas: Canvas;
  /** False for who may look only. */
  readonly mayWrite: boolean;
  /** Does something on behalf of a person: says what went wrong, and asks for what is new. */
  act(action: () => Promise<unknown>): void;
}
