/* Where a field stands in the config. Widgets move, so a place is asked for its steps each time and keeps none. */

import { pointerOf } from "./pointer.js";

export class Place {
  /**
   * @param {import("./model.js").Model} model
   * @param {Place|null} parent null for the config itself
   * @param {string|number} step
   */
  constructor(model, parent = null, step = "") {
    this.model = model;
    this.parent = parent;
    this.step = step;
  }

  get steps() {
    return this.parent ? [...this.parent.steps, this.step] : [];
  }

  get pointer() {
    return pointerOf(this.steps);
  }

  get value() {
    return this.model.at(this.steps);
  }

  inner(step) {
    return new Place(this.model, this, step);
  }

  set(value) {
    this.model.change(this.steps, value);
  }

  /** Set what is being typed: keystrokes that follow each other are one step of the history. */
  type(value) {
    this.model.change(this.steps, value, this.pointer);
  }
}
