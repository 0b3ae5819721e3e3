/* Moves the children of a list by hand: with a mouse, a pen or a finger, from their handle. Buttons do the same. */

const EDGE_PX = 60;
const SCROLL_PX = 14;

/**
 * @param {HTMLElement} list
 * @param {(from: number, to: number) => void} onMoved
 */
export function draggable(list, onMoved) {
  list.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-drag]");
    if (!handle || event.button !== 0) return;
    event.preventDefault();
    new Drag(list, handle, event, onMoved);
  });
}

class Drag {
  constructor(list, handle, event, onMoved) {
    Object.assign(this, { list, onMoved, ending: new AbortController(), y: event.clientY });
    this.moved = [...list.children].find((child) => child.contains(handle));
    this.from = this.to = [...list.children].indexOf(this.moved);
    this.moved.classList.add("is-dragged");
    const { signal } = this.ending;
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", (move) => this.#follow(move.clientY), { signal });
    handle.addEventListener("pointerup", () => this.#end(true), { signal });
    handle.addEventListener("pointercancel", () => this.#end(false), { signal });
    addEventListener("keydown", (press) => press.key === "Escape" && this.#end(false), { signal, capture: true });
    this.scrolling = requestAnimationFrame(() => this.#scroll());
  }

  #follow(y) {
    this.y = y;
    const others = [...this.list.children].filter((child) => child !== this.moved);
    const below = others.findIndex((child) => y < middleOf(child));
    this.to = below < 0 ? others.length : below;
    others.forEach((child, index) => {
      child.classList.toggle("is-drop-before", index === this.to && this.to !== this.from);
      child.classList.toggle("is-drop-after", below < 0 && index === others.length - 1 && this.to !== this.from);
    });
  }

  #scroll() {
    const by = this.y < EDGE_PX ? -SCROLL_PX : this.y > innerHeight - EDGE_PX ? SCROLL_PX : 0;
    if (by !== 0) scrollBy(0, by);
    this.scrolling = requestAnimationFrame(() => this.#scroll());
  }

  #end(isDropped) {
    this.ending.abort();
    cancelAnimationFrame(this.scrolling);
    for (const child of this.list.children) child.classList.remove("is-dragged", "is-drop-before", "is-drop-after");
    if (isDropped && this.to !== this.from) this.onMoved(this.from, this.to);
  }
}

function middleOf(element) {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
}
