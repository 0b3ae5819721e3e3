/* A list of things of one kind, such as questions: add, move, remove. */

import { announce } from "../../lib/announce.js";
import { h } from "../../lib/dom.js";
import { optional } from "./frame.js";
import { Group, iconButton, setDisabled, setLabel, smallButton } from "./group.js";
import { Fields } from "./object.js";
import { arrange, paired } from "./rows.js";

export class ListField extends Group {
  constructor(spec, place, form) {
    super([spec.label, optional(spec)]);
    Object.assign(this, { spec, place, form, label: spec.label, rows: [] });
    this.schema = form.schema.resolve(spec.schema.items);
    this.noun = this.schema.title ?? "Item";
    this.adding = smallButton("add", `Add ${this.noun.toLowerCase()}`, () => this.#add());
    this.element.append(this.adding);
  }

  get items() {
    return Array.isArray(this.place.value) ? this.place.value : [];
  }

  update(value) {
    const items = Array.isArray(value) ? value : [];
    this.rows = paired(items, this.rows, () => null, () => new Row(this));
    this.rows.forEach((row, index) => row.update(items[index], index, items.length));
    arrange(this.body, this.rows.map((row) => row.element));
    this.adding.disabled = items.length >= (this.spec.schema.maxItems ?? Infinity);
  }

  find([step, ...rest]) {
    return step === undefined ? this : (this.rows[Number(step)]?.find(rest) ?? this);
  }

  all() {
    return [this, ...this.rows.flatMap((row) => row.all())];
  }

  focus() {
    (this.rows[0] ?? this.adding).focus();
  }

  move(index, by) {
    const moved = [...this.items];
    moved.splice(index + by, 0, ...moved.splice(index, 1));
    this.place.set(moved);
    announce(`${this.noun} moved to place ${index + by + 1} of ${moved.length}`);
  }

  remove(index) {
    this.place.set(this.items.toSpliced(index, 1));
    (this.rows[index] ?? this.rows.at(-1) ?? this.adding).focus();
    this.form.onRemoved(`${this.noun} ${index + 1}`);
  }

  #add() {
    this.place.set([...this.items, this.form.schema.blankObject(this.schema)]);
    this.rows.at(-1).focus();
  }
}

class Row extends Group {
  constructor(list) {
    super("", "item");
    this.list = list;
    this.place = list.place.inner(0);
    this.inner = new Fields(list.schema, this.place, list.form);
    this.up = iconButton("up", "", () => this.#move(this.up, -1));
    this.down = iconButton("down", "", () => this.#move(this.down, 1));
    this.cross = iconButton("cross", "", () => list.remove(this.place.step));
    this.body.append(h("div", { class: "item-buttons" }, this.up, this.down, this.cross), ...this.inner.elements);
  }

  update(item, index, count) {
    this.item = item;
    this.place.step = index;
    this.label = `${this.list.noun} ${index + 1}`;
    this.element.firstChild.textContent = this.label;
    setLabel(this.up, `Move ${this.label.toLowerCase()} up`);
    setLabel(this.down, `Move ${this.label.toLowerCase()} down`);
    setLabel(this.cross, `Remove ${this.label.toLowerCase()}`);
    setDisabled(this.up, index === 0);
    setDisabled(this.down, index === count - 1);
    this.inner.update(item);
  }

  find(steps) {
    return (steps.length > 0 && this.inner.find(steps)) || this;
  }

  all() {
    return [this, ...this.inner.all()];
  }

  focus() {
    this.inner.focus();
  }

  #move(button, by) {
    this.list.move(this.place.step, by);
    button.focus();
  }
}
