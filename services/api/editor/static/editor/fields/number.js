/* A number, with its unit where it has one. What is no number is kept as it was written, so that its fault is seen. */

import { h } from "../../lib/dom.js";
import { frame } from "./frame.js";
import { leaf } from "./leaf.js";

const UNITS = { pixels: "px" };

export function numberField(spec, place) {
  const { minimum, maximum, type } = spec.schema;
  const control = h("input", { class: "control-number", type: "number", inputMode: type === "integer" ? "numeric" : "decimal" });
  if (minimum !== undefined) control.min = minimum;
  if (maximum !== undefined) control.max = maximum;
  control.step = type === "integer" ? "1" : "any";
  control.addEventListener("input", () => place.type(control.value === "" ? undefined : control.valueAsNumber));
  const show = (value) => {
    if (control.value === "" || control.valueAsNumber !== value) control.value = value ?? "";
  };
  const unit = UNITS[spec.kind] ? h("span", { class: "unit" }, UNITS[spec.kind]) : "";
  return leaf({ spec, framed: frame(spec, control, unit), control, show });
}
