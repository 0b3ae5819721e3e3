/* The form of a page, built from its schema alone; it shows a model's config and changes it, and knows no widget. */

import { toast } from "../lib/announce.js";
import { h } from "../lib/dom.js";
import { Widget } from "./fields/widget.js";
import { fieldFor } from "./fields/choose.js";
import { Fields } from "./fields/object.js";
import { SheetField } from "./fields/sheet.js";
import { Place } from "./place.js";
import { stepsOf } from "./pointer.js";

export class Form {
  /**
   * @param {import("./model.js").Model} model
   * @param {import("./schema.js").Schema} schema
   * @param {{site: string}} about whose pages relative addresses mean
   */
  constructor(model, schema, { site }) {
    Object.assign(this, { model, schema, site });
    this.fields = new Fields(schema.root.schema, new Place(model), this);
    this.element = h("div", { class: "page-form" }, this.fields.elements);
    this.update();
    model.addEventListener("change", () => this.update());
  }

  update() {
    this.fields.update(this.model.config);
  }

  /** The fields of an object: name or names, and view. A header and the rows under it are one. */
  partsOf(schema, place) {
    const fields = this.schema.fields(schema);
    const header = fields.find(([, spec]) => spec.shape === "line-list");
    const rows = fields.find(([, spec]) => spec.shape === "grid");
    if (!header || !rows) return fields.map(([name, spec]) => this.#part(name, spec, place));
    const sheet = { names: [header[0], rows[0]], view: new SheetField({ header, rows }, place) };
    const others = fields.filter((field) => field !== header && field !== rows);
    return [sheet, ...others.map(([name, spec]) => this.#part(name, spec, place))];
  }

  /** Show these faults, and no others. */
  fault(faults) {
    const byView = Map.groupBy(faults, (fault) => this.viewAt(fault.pointer).element);
    for (const view of this.fields.all()) {
      const own = byView.get(view.element) ?? [];
      byView.delete(view.element);
      view.fault(own);
      if (view instanceof Widget) view.mark(faults.filter((fault) => isInside(fault.pointer, view.place.pointer)));
    }
    // Cells of a sheet are made when asked for.
    for (const own of byView.values()) this.viewAt(own[0].pointer).fault(own);
  }

  /** The innermost part of the form at a pointer. */
  viewAt(pointer) {
    return this.fields.find(stepsOf(pointer)) ?? this.#whole;
  }

  /** What a fault's place is called: the widget, and the field in it. */
  labelOf(pointer) {
    const steps = stepsOf(pointer);
    const labels = steps.map((_, index) => this.fields.find(steps.slice(0, index + 1))?.label);
    const distinct = labels.filter((label, index) => label && label !== labels[index - 1]);
    return distinct.slice(steps[0] && labels.length > 1 && Array.isArray(this.model.at([steps[0]])) ? 1 : 0).join(" › ") || "The page";
  }

  /** Go to the field at a pointer, unfolding what it is in. */
  reveal(pointer) {
    for (const view of this.fields.all())
      if (view instanceof Widget && isInside(pointer, view.place.pointer)) view.fold(false);
    const view = this.viewAt(pointer);
    view.focus();
    view.element.scrollIntoView({ block: "center" });
  }

  /** Something was taken out: offer to bring it back. */
  onRemoved(name) {
    const close = toast(`${name} removed`, { kind: "info", action: { label: "Undo", onclick: () => this.model.undo() } });
    // From the next change on, undoing would bring something else back.
    this.model.addEventListener("change", close, { once: true });
  }

  get #whole() {
    return { element: this.element, label: "The page", focus: () => this.fields.focus(), fault() {} };
  }

  #part(name, spec, place) {
    return { names: [name], view: fieldFor(spec, place.inner(name), this) };
  }
}

function isInside(pointer, outer) {
  return pointer === outer || pointer.startsWith(`${outer}/`);
}
