/* One widget of the page: a head with what can be done to it, and its fields, which fold away. */

import { fill, h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { Fields } from "./object.js";
import { areNeeded, faultLine, newName, showFaults } from "./frame.js";
import { iconButton, setDisabled, setLabel } from "./group.js";

export class Widget {
  constructor(list, schema, kind) {
    Object.assign(this, { list, kind, place: list.place.inner(0), item: undefined, key: null });
    this.inner = new Fields(schema, this.place, list.form);
    this.#makeHead();
    const about = schema.description && h("p", { class: "widget-about" }, schema.description);
    this.body = h("div", { class: "widget-body", id: newName("part") }, about, ...this.inner.elements);
    this.toggle.setAttribute("aria-controls", this.body.id);
    this.element = h("section", { class: "widget", id: newName("part") }, this.head, this.body);
    this.line = faultLine(this.element);
    this.body.prepend(this.line);
  }

  update(item, key, index, count) {
    const isSame = item === this.item;
    Object.assign(this, { item, key });
    this.place.step = index;
    setDisabled(this.up, index === 0);
    setDisabled(this.down, index === count - 1);
    setDisabled(this.add, this.list.isFull);
    if (isSame) return;
    this.label = this.list.nameOf(item);
    this.#name();
    this.inner.update(item);
  }

  find(steps) {
    return (steps.length > 0 && this.inner.find(steps)) || this;
  }

  all() {
    return [this, ...this.inner.all()];
  }

  focus() {
    this.toggle.focus();
  }

  fault(faults) {
    showFaults(this.element, this.line, faults);
  }

  /** Say in the head how many faults are inside, so that they are seen while the fields are folded away. */
  mark(faults) {
    const isNeeded = areNeeded(faults);
    this.marks.hidden = faults.length === 0;
    this.marks.classList.toggle("is-needed", isNeeded);
    fill(this.marks, icon(isNeeded ? "pencil" : "warning"), `${faults.length} ${isNeeded ? "to fill in" : "to mend"}`);
  }

  fold(isFolded) {
    this.body.hidden = isFolded;
    this.toggle.setAttribute("aria-expanded", String(!isFolded));
  }

  /** Unfold it and go to its first field. */
  reveal() {
    this.fold(false);
    this.inner.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  #makeHead() {
    this.handle = h("span", { class: "widget-handle", "aria-hidden": "true", dataset: { drag: "" } }, icon("grip"));
    this.name = h("span", { class: "widget-name" });
    this.toggle = h("button", { type: "button", class: "widget-toggle", "aria-expanded": "true", onclick: () => this.fold(!this.body.hidden) },
      icon("down"), this.name);
    this.marks = h("span", { class: "widget-marks", hidden: true });
    this.up = iconButton("up", "", () => this.#move(this.up, -1));
    this.down = iconButton("down", "", () => this.#move(this.down, 1));
    this.add = iconButton("add", "", () => this.list.addBelow(this));
    this.list.adding.opens(this.add);
    this.copy = iconButton("copy", "", () => this.list.duplicate(this.place.step));
    this.cross = iconButton("cross", "", () => this.list.remove(this.place.step));
    this.head = h("div", { class: "widget-head" }, this.handle, h("h3", { class: "widget-title" }, this.toggle), this.marks,
      h("div", { class: "widget-buttons" }, this.up, this.down, this.add, this.copy, this.cross));
  }

  #name() {
    this.name.textContent = this.label;
    this.element.setAttribute("aria-label", this.label);
    setLabel(this.up, `Move ${this.label} up`);
    setLabel(this.down, `Move ${this.label} down`);
    setLabel(this.add, `Add a widget below ${this.label}`);
    setLabel(this.copy, `Duplicate ${this.label}`);
    setLabel(this.cross, `Remove ${this.label}`);
  }

  #move(button, by) {
    this.list.moveTo(this.place.step, this.place.step + by);
    button.focus();
  }
}
