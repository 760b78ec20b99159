/** How fast a node writes, by what it says that it has written each time that somebody looks. */

const windowMs = 10_000;
/** Looks that are closer together see the same. */
const shortestMs = 100;

export class Speed {
  #looks: Array<{ readonly at: number; readonly written: number }> = [];

  /** Tokens a second over the last ten seconds, as far as somebody has looked; 0 at a first look. */
  look(written: number): number {
    const at = performance.now();
    // A node that was deployed anew begins with nothing.
    this.#looks = this.#looks.filter((look) => at - look.at <= windowMs && look.written <= written);
    const [first] = this.#looks;
    const last = this.#looks.at(-1);
    if (!last || at - last.at >= shortestMs) this.#looks.push({ at, written });
    return first && at > first.at ? ((written - first.written) / (at - first.at)) * 1000 : 0;
  }
}
