/* One of a few words. */

import { h } from "../../lib/dom.js";
import { frame } from "./frame.js";
import { leaf } from "./leaf.js";

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

export function choiceField(spec, place) {
  const words = spec.schema.enum;
  const none = spec.canBeLeftOut && spec.preset == null ? [h("option", { value: "" }, "—")] : [];
  const options = words.map((word, index) => h("option", { value: String(index) }, capital(String(word))));
  const control = h("select", { class: "control-choice" }, ...none, ...options);
  control.addEventListener("change", () => place.set(control.value === "" ? undefined : words[Number(control.value)]));
  const show = (value) => {
    const index = words.indexOf(value ?? spec.preset);
    control.value = index < 0 ? "" : String(index);
  };
  return leaf({ spec, framed: frame(spec, control), control, show });
}
