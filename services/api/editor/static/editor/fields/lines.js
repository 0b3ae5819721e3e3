/* A list of short texts, one a line. */

import { h } from "../../lib/dom.js";
import { frame } from "./frame.js";
import { leaf } from "./leaf.js";

export function linesField(spec, place) {
  const control = h("textarea", { class: "control", rows: 4 });
  const hint = h("p", { class: "field-hint" }, "One a line.");
  control.addEventListener("input", () => place.type(control.value === "" ? [] : control.value.split("\n")));
  const show = (value) => {
    const text = (Array.isArray(value) ? value : []).join("\n");
    if (control.value !== text) control.value = text;
  };
  return leaf({ spec, framed: frame(spec, control, hint), control, show });
}
