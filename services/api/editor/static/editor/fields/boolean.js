/* Yes or no. */

import { h } from "../../lib/dom.js";
import { faultLine, newName, showFaults } from "./frame.js";
import { leaf } from "./leaf.js";

export function booleanField(spec, place) {
  const control = h("input", { type: "checkbox", id: newName("part") });
  const line = faultLine(control);
  control.addEventListener("change", () => place.set(control.checked));
  const label = h("label", { class: "check", htmlFor: control.id }, control, spec.label);
  const element = h("div", { class: "field" }, label, spec.hint && h("p", { class: "field-hint" }, spec.hint), line);
  const framed = { element, fault: (faults) => showFaults(control, line, faults) };
  const show = (value) => {
    control.checked = Boolean(value ?? spec.preset);
  };
  return leaf({ spec, framed, control, show });
}
