/* A value that no control here is made for: shown and edited as JSON, so that nothing is out of reach. */

import { h } from "../../lib/dom.js";
import { frame } from "./frame.js";
import { leaf } from "./leaf.js";

export function unknownField(spec, place) {
  const control = h("textarea", { class: "control control-json", rows: 4 });
  control.addEventListener("change", () => place.set(readJson(control.value)));
  const show = (value) => {
    control.value = value === undefined ? "" : JSON.stringify(value, null, 2);
  };
  return leaf({ spec, framed: frame(spec, control, h("p", { class: "field-hint" }, "Written as JSON.")), control, show });
}

function readJson(text) {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
