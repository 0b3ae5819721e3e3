/* The widgets of a page: add, move by button or by hand, duplicate, remove. */

import { announce } from "../../lib/announce.js";
import { h } from "../../lib/dom.js";
import { widgetName } from "../differences.js";
import { keysOf, newId } from "../identity.js";
import { tagOf } from "../schema.js";
import { AddWidget } from "./add-widget.js";
import { Widget } from "./widget.js";
import { draggable } from "./drag.js";
import { Group, smallButton } from "./group.js";
import { arrange, paired } from "./rows.js";

// A page with more than this begins as an overview.
const UNFOLDED = 3;

export class WidgetsField extends Group {
  constructor(spec, place, form) {
    super(h("h2", { class: "widgets-title" }, spec.label), "widgets");
    Object.assign(this, { spec, place, form, label: spec.label, isNew: true, widgets: [], kinds: form.schema.widgets(spec) });
    this.adding = new AddWidget(this.kinds, (kind, at) => this.#add(kind, at ?? this.items.length));
    this.folding = h("div", { class: "widgets-tools" },
      smallButton("up", "Fold all", () => this.#fold(true)), smallButton("down", "Unfold all", () => this.#fold(false)));
    this.empty = h("p", { class: "field-hint" }, "Nothing is on the page yet. Add the first widget.");
    this.body.before(this.folding, this.empty);
    this.element.append(this.adding.element);
    draggable(this.body, (from, to) => this.moveTo(from, to));
  }

  get items() {
    return Array.isArray(this.place.value) ? this.place.value : [];
  }

  update(value) {
    const items = Array.isArray(value) ? value : [];
    const keys = new Map(keysOf(items).map((key, index) => [items[index], key]));
    this.widgets = paired(items, this.widgets, (item) => keys.get(item), (item) => this.#make(item));
    this.isFull = items.length >= (this.spec.schema.maxItems ?? Infinity);
    this.widgets.forEach((widget, index) => widget.update(items[index], keys.get(items[index]), index, items.length));
    arrange(this.body, this.widgets.map((widget) => widget.element));
    if (this.isNew) this.#fold(items.length > UNFOLDED);
    this.isNew = false;
    this.empty.hidden = items.length > 0;
    this.folding.hidden = items.length < 2;
    this.adding.setFull(this.isFull);
  }

  find([step, ...rest]) {
    return step === undefined ? this : (this.widgets[Number(step)]?.find(rest) ?? this);
  }

  all() {
    return [this, ...this.widgets.flatMap((widget) => widget.all())];
  }

  focus() {
    (this.widgets[0] ?? this.adding).focus();
  }

  nameOf(item) {
    return widgetName(this.kinds, item);
  }

  /** Move a widget to another place; it is told, since a screen reader sees no movement. */
  moveTo(from, to) {
    if (to === from || to < 0 || to >= this.items.length) return;
    const moved = [...this.items];
    const [item] = moved.splice(from, 1);
    moved.splice(to, 0, item);
    this.place.set(moved);
    announce(`${this.nameOf(item)} moved to place ${to + 1} of ${moved.length}`);
  }

  /** Ask what shall stand below a widget. */
  addBelow(widget) {
    this.adding.toggle({ within: widget.element, opener: widget.add, at: widget.place.step + 1 });
  }

  duplicate(index) {
    const item = this.items[index];
    const copy = { ...item, id: newId(item.type, this.items) };
    this.place.set(this.items.toSpliced(index + 1, 0, copy));
    this.widgets[index + 1].reveal();
    announce(`${this.nameOf(copy)} duplicated`);
  }

  remove(index) {
    const name = this.nameOf(this.items[index]);
    this.place.set(this.items.toSpliced(index, 1));
    (this.widgets[index] ?? this.widgets.at(-1) ?? this.adding).focus();
    this.form.onRemoved(name);
  }

  #make(item) {
    const schema = this.kinds.get(item?.type);
    return new Widget(this, schema ?? { title: String(item?.type ?? "Widget"), properties: {} }, item?.type);
  }

  #add(kind, at) {
    const blank = this.form.schema.blankObject(this.kinds.get(kind));
    const [tag] = tagOf(this.kinds.get(kind));
    // The id stands behind the tag, and lets a comparison of two versions follow the widget wherever it goes.
    const item = { [tag]: kind, id: newId(kind, this.items), ...blank };
    this.place.set(this.items.toSpliced(at, 0, item));
    this.widgets[at].reveal();
    announce(`${this.nameOf(item)} added as widget ${at + 1} of ${this.items.length}`);
  }

  #fold(isFolded) {
    for (const widget of this.widgets) widget.fold(isFolded);
  }
}
