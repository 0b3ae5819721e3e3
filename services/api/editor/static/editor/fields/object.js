/* Fields that belong together; where they may be left out as a whole, they are added and removed as one. */

import { fill, h } from "../../lib/dom.js";
import { isContainer } from "../pointer.js";
import { optional } from "./frame.js";
import { Group, smallButton } from "./group.js";

/** The fields of an object, without anything around them. */
export class Fields {
  constructor(schema, place, form) {
    this.parts = form.partsOf(schema, place);
    this.elements = this.parts.map(({ view }) => view.element);
  }

  update(value) {
    for (const { names, view } of this.parts) view.update(names.length > 1 ? value : value?.[names[0]]);
  }

  find([step, ...rest]) {
    const found = this.parts.find(({ names }) => names.includes(step));
    return found?.view.find(found.names.length > 1 ? [step, ...rest] : rest);
  }

  all() {
    return this.parts.flatMap(({ view }) => [...view.all()]);
  }

  focus() {
    this.parts[0]?.view.focus();
  }
}

export class ObjectField extends Group {
  constructor(spec, place, form) {
    super([spec.label, optional(spec)]);
    Object.assign(this, { spec, place, form, label: spec.label, inner: null, shown: undefined });
    this.isRemovable = spec.canBeLeftOut && !isContainer(spec.preset);
    this.add = smallButton("add", `Add ${spec.label.toLowerCase()}`, () => this.#add());
    this.remove = smallButton("cross", `Remove ${spec.label.toLowerCase()}`, () => this.#remove());
    this.update(undefined);
  }

  update(value) {
    if (value === this.shown && this.body.hasChildNodes()) return;
    this.shown = value;
    if (this.isRemovable && !isContainer(value)) this.#showNothing();
    else this.#showFields(value);
  }

  find(steps) {
    return (steps.length > 0 && this.inner?.find(steps)) || this;
  }

  all() {
    return [this, ...(this.inner?.all() ?? [])];
  }

  focus() {
    (this.inner ?? this.add).focus();
  }

  #showNothing() {
    this.inner = null;
    fill(this.body, this.spec.hint && h("p", { class: "field-hint" }, this.spec.hint), this.add);
  }

  #showFields(value) {
    if (this.inner === null) {
      this.inner = new Fields(this.spec.schema, this.place, this.form);
      fill(this.body, this.inner.elements, this.isRemovable && this.remove);
    }
    this.inner.update(value ?? this.spec.preset);
  }

  #add() {
    this.place.set(this.form.schema.blankObject(this.spec.schema));
    this.focus();
  }

  #remove() {
    this.place.set(undefined);
    this.add.focus();
    this.form.onRemoved(this.label);
  }
}
