/* The menu of widgets that can be added: each with its name and what it is for. There is one, and it opens where it is asked for. */

import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { newName } from "./frame.js";

export class AddWidget {
  /**
   * @param {Map<string, object>} kinds schemas of the widgets by their kind
   * @param {(kind: string, at: number|null) => void} onChosen `at` is the place it was asked for, null for the last
   */
  constructor(kinds, onChosen) {
    this.onChosen = onChosen;
    this.list = h("ul", { class: "add-widget-list", id: newName("part"), hidden: true, onkeydown: (event) => this.#pressed(event) },
      [...kinds].map(([kind, schema]) => this.#entry(kind, schema)));
    this.button = h("button", { type: "button", class: "button add-widget-button", onclick: () => this.toggle() }, icon("add"), "Add a widget");
    this.element = h("div", { class: "add-widget" }, this.button, this.list);
    this.opens(this.button);
    Object.assign(this, { opener: this.button, at: null });
  }

  focus() {
    this.button.focus();
  }

  setFull(isFull) {
    this.button.disabled = isFull;
  }

  /** Say of a button that it opens the menu. */
  opens(button) {
    button.setAttribute("aria-controls", this.list.id);
    button.setAttribute("aria-expanded", "false");
  }

  /** Open the menu at the end of an element, or close it where it is open there; whoever chooses nothing is back at the opener. */
  toggle({ within = this.element, opener = this.button, at = null } = {}) {
    const isOpenHere = !this.list.hidden && opener === this.opener;
    this.#close();
    if (isOpenHere) return;
    Object.assign(this, { opener, at });
    within.append(this.list);
    this.list.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    this.list.querySelector("button").focus();
  }

  #close() {
    this.list.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
  }

  #entry(kind, schema) {
    const onclick = () => {
      this.#close();
      this.onChosen(kind, this.at);
    };
    return h("li", {}, h("button", { type: "button", class: "add-widget-entry", dataset: { kind }, onclick },
      h("strong", {}, schema.title ?? kind), h("span", {}, schema.description ?? "")));
  }

  #pressed(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#close();
      this.opener.focus();
    }
    const by = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const entries = [...this.list.querySelectorAll("button")];
    entries.at((entries.indexOf(document.activeElement) + by) % entries.length).focus();
  }
}
