/* The menu of widgets that can be added: each with its name and what it is for. */

import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { newName } from "./frame.js";

export class AddWidget {
  /**
   * @param {Map<string, object>} kinds schemas of the widgets by their kind
   * @param {(kind: string) => void} onChosen
   */
  constructor(kinds, onChosen) {
    this.onChosen = onChosen;
    this.list = h("ul", { class: "add-widget-list", id: newName("part"), hidden: true },
      [...kinds].map(([kind, schema]) => this.#entry(kind, schema)));
    const onclick = () => this.open(this.list.hidden);
    this.button = h("button", { type: "button", class: "button add-widget-button", "aria-controls": this.list.id, onclick },
      icon("add"), "Add a widget");
    this.button.setAttribute("aria-expanded", "false");
    this.element = h("div", { class: "add-widget", onkeydown: (event) => this.#pressed(event) }, this.button, this.list);
  }

  focus() {
    this.button.focus();
  }

  setFull(isFull) {
    this.button.disabled = isFull;
  }

  open(isOpen) {
    this.list.hidden = !isOpen;
    this.button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.list.querySelector("button").focus();
  }

  #entry(kind, schema) {
    const onclick = () => {
      this.open(false);
      this.onChosen(kind);
    };
    return h("li", {}, h("button", { type: "button", class: "add-widget-entry", dataset: { kind }, onclick },
      h("strong", {}, schema.title ?? kind), h("span", {}, schema.description ?? "")));
  }

  #pressed(event) {
    if (this.list.hidden) return;
    if (event.key === "Escape") this.#close(event);
    const by = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const entries = [...this.list.querySelectorAll("button")];
    entries.at((entries.indexOf(document.activeElement) + by) % entries.length).focus();
  }

  #close(event) {
    event.stopPropagation();
    this.open(false);
    this.button.focus();
  }
}
