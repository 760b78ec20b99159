/** Keeps the end of the conversation in sight while it grows, unless the reader has scrolled up. */

/** In pixels: closer than this to the end is at the end. */
const near = 24;

export class Scrolling {
  readonly #scroller: HTMLElement;
  readonly #toEnd: HTMLElement;
  #follows = true;
  #top = 0;

  constructor(scroller: HTMLElement, content: HTMLElement, toEnd: HTMLElement) {
    this.#scroller = scroller;
    this.#toEnd = toEnd;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    toEnd.addEventListener('click', () => this.follow());
    const resized = new ResizeObserver(() => this.#grown());
    resized.observe(scroller);
    resized.observe(content);
  }

  /** Goes to the end and stays there. */
  follow(): void {
    this.#follows = true;
    this.#grown();
  }

  #grown(): void {
    if (this.#follows) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#show();
  }

  #scrolled(): void {
    const { scrollTop } = this.#scroller;
    // Growth alone also leads away from the end; only the reader goes up.
    if (this.#isAtEnd()) this.#follows = true;
    else if (scrollTop < this.#top) this.#follows = false;
    this.#top = scrollTop;
    this.#show();
  }

  #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < near;
  }

  #show(): void {
    this.#toEnd.hidden = this.#follows || this.#isAtEnd();
  }
}
