/* Who else is on this page, and whether they have saved: asked every few seconds, told when it changes. */

import { Problem, V1, newKey, pause, send } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { announce } from "../lib/announce.js";

const EVERY_MS = 5_000;
const EDITING_FOR_MS = 20_000;

export class Presence {
  #changedAt = -Infinity;

  /**
   * @param {{path: string, own: string, model: import("./model.js").Model, onRevision: (revision: number) => void,
   *   signal: AbortSignal}} given `own` is the id of whoever is here, who may be here in another window as well
   */
  constructor({ path, own, model, onRevision, signal }) {
    Object.assign(this, { path: `${path}/presence`, own, onRevision, signal, tab: newKey().slice(0, 12), words: "" });
    this.element = h("p", { class: "presence", hidden: true });
    model.addEventListener("change", () => (this.#changedAt = performance.now()), { signal });
    addEventListener("pagehide", () => this.#leave(), { signal });
    signal.addEventListener("abort", () => this.#leave());
    this.#beat();
  }

  async #beat() {
    while (!this.signal.aborted) {
      await this.#tell().catch(() => {});
      await pause(EVERY_MS, this.signal).catch(() => {});
    }
  }

  async #tell() {
    const isEditing = performance.now() - this.#changedAt < EDITING_FOR_MS;
    try {
      const { body } = await send("POST", this.path, { tab: this.tab, is_editing: isEditing }, { signal: this.signal });
      this.#show(body.others);
      this.onRevision(body.revision);
    } catch (problem) {
      // Only a courtesy: what matters is refused by the draft itself.
      if (!(problem instanceof Problem)) throw problem;
    }
  }

  #show(others) {
    const words = wordsOf(others, this.own);
    if (words === this.words) return;
    this.words = words;
    this.element.hidden = words === "";
    fill(this.element, icon("people"), words);
    if (words) announce(words);
  }

  /** A beacon, since it is sent even while the window closes. */
  #leave() {
    const body = JSON.stringify({ tab: this.tab, is_leaving: true });
    navigator.sendBeacon?.(V1 + this.path, new Blob([body], { type: "application/json" }));
  }
}

function wordsOf(all, own) {
  const others = all.filter(({ account }) => account.id !== own);
  const isElsewhere = others.length < all.length;
  const names = (list) => [...new Set(list.map(({ account }) => account.name))].join(", ");
  const editing = others.filter((other) => other.is_editing);
  const looking = others.filter((other) => !other.is_editing);
  const parts = [[editing, "editing"], [looking, "here, too"]].filter(([list]) => list.length > 0);
  const words = parts.map(([list, what]) => `${names(list)} ${list.length > 1 ? "are" : "is"} ${what}`);
  return [...words, ...(isElsewhere ? ["You have it open in another window, too"] : [])].join("; ");
}
