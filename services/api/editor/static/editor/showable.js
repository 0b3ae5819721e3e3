/* What of a config can be shown while somebody is still writing: all of it but for the widgets that are not finished, so
   that a new one, or one with a slip in it, does not hide what is done to the others. */

import { isWhole, widgetIsWhole } from "./check.js";
import { inConfig, pointerOf, stepsOf } from "./pointer.js";

export class Showable {
  /**
   * @param {import("./schema.js").Schema} schema
   * @param {object} config
   * @param {WeakMap<object, object[]>} refused widgets that the API refused, with the errors in each; a widget that
   *   changes is another object, and not refused any more
   */
  constructor(schema, config, refused) {
    const fields = schema.fields(schema.root.schema);
    const [name, spec] = fields.find(([, field]) => field.shape === "widgets") ?? [];
    const items = Array.isArray(config[name]) ? config[name] : [];
    Object.assign(this, { schema, whole: config, refused, name, items });
    /** Whether anything can be shown at all. */
    this.isShowable = fields.every(([other, field]) => other === name || isWhole(schema, field, config[other]));
    /** Where the widgets that can be shown stand among all. */
    this.places = [...items.keys()].filter((at) => !refused.has(items[at]) && widgetIsWhole(schema, spec, items[at]));
    /** How many widgets are left out. */
    this.left = items.length - this.places.length;
    this.config = this.left > 0 ? { ...config, [name]: this.places.map((at) => items[at]) } : config;
  }

  /** What the API said of the widgets that are left out, as errors of the whole config. */
  get errors() {
    return [...this.items.entries()].flatMap(([at, item]) =>
      (this.refused.get(item) ?? []).map((error) => ({ ...error, pointer: pointerOf([this.name, at, ...error.steps]) })));
  }

  /**
   * Leave out from now on the widgets that these errors of the part are in.
   * @returns {Showable|null} the rest; null where an error is elsewhere
   */
  without(errors) {
    const found = errors.map((error) => ({ error, steps: stepsOf(inConfig(error.pointer ?? "")) }));
    if (found.length === 0 || !found.every(({ steps: [name, at] }) => name === this.name && at in this.places)) return null;
    for (const { error, steps: [, at, ...steps] } of found) {
      const item = this.items[this.places[at]];
      this.refused.set(item, [...(this.refused.get(item) ?? []), { ...error, steps }]);
    }
    return new Showable(this.schema, this.whole, this.refused);
  }

  /** Errors of the part, as errors of the whole config. */
  ofWhole(errors) {
    return errors.map((error) => {
      const [name, at, ...steps] = stepsOf(inConfig(error.pointer ?? ""));
      return name === this.name && at in this.places ? { ...error, pointer: pointerOf([name, this.places[at], ...steps]) } : error;
    });
  }
}
