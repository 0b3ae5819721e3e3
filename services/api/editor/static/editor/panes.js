/* The form and the preview: beside each other where there is room, one at a time where there is not. */

import { h } from "../lib/dom.js";
import { newName } from "./fields/frame.js";

const ROOM = "(min-width: 64rem)";

export class Panes {
  /**
   * @param {import("./preview.js").Preview} preview
   * @param {AbortSignal} signal
   * @param {HTMLElement} form
   */
  constructor(preview, signal, form) {
    this.preview = preview;
    this.room = matchMedia(ROOM);
    this.tabs = this.#tabs();
    this.element = h("div", { class: "panes", dataset: { pane: "form" } },
      h("div", { class: "pane pane-form" }, form), h("div", { class: "pane pane-preview" }, preview.element));
    this.room.addEventListener("change", () => this.#show(this.element.dataset.pane), { signal });
    this.#show("form");
  }

  #show(pane) {
    this.element.dataset.pane = pane;
    this.preview.setVisible(this.room.matches || pane === "preview");
  }

  #tabs() {
    const name = newName("pane");
    const choices = [["form", "Edit"], ["preview", "Preview"]].map(([pane, word]) =>
      h("label", { class: "preview-width" }, h("input", { type: "radio", name, checked: pane === "form", onchange: () => this.#show(pane) }), word));
    return h("fieldset", { class: "pane-tabs" }, h("legend", { class: "visually-hidden" }, "Show"), choices);
  }
}
