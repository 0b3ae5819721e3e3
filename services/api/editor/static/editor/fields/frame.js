/* What stands around the control of a field: its name, what it is for, and what is wrong with it. */

import { fill, h } from "../../lib/dom.js";
import { sentence } from "../../lib/forms.js";
import { icon } from "../../lib/icons.js";

let made = 0;

/** A name that no element has yet. */
export function newName(stem) {
  made += 1;
  return `${stem}-${made}`;
}

/**
 * @param {import("../schema.js").Spec} spec
 * @param {HTMLElement} control takes the focus; gets the field's name, its hint and its faults
 * @param {...HTMLElement} beside what helps to fill it in
 */
export function frame(spec, control, ...beside) {
  control.id = newName("part");
  const hint = spec.hint && h("p", { class: "field-hint", id: `${control.id}-hint` }, spec.hint);
  const fault = faultLine(control);
  if (hint) control.setAttribute("aria-describedby", `${hint.id} ${fault.id}`);
  if (!spec.canBeLeftOut) control.setAttribute("aria-required", "true");
  const label = h("label", { class: "field-label", htmlFor: control.id }, spec.label, optional(spec));
  const element = h("div", { class: "field" }, label, hint, control, ...beside, fault);
  return { element, fault: (faults) => showFaults(control, fault, faults) };
}

/** A word behind the names of those fields that may stay empty. */
export function optional(spec) {
  return spec.canBeLeftOut && spec.preset == null && [" ", h("span", { class: "field-optional" }, "optional")];
}

/** Where the faults of a control are told. */
export function faultLine(control) {
  const line = h("p", { class: "field-error", id: `${control.id}-fault`, hidden: true });
  control.setAttribute("aria-describedby", line.id);
  return line;
}

/** Whether all that is wrong is that nothing is written yet. */
export const areNeeded = (faults) => faults.every(({ isNeeded }) => isNeeded);

/** Say what is wrong with a control, or that nothing is. */
export function showFaults(control, line, faults) {
  if (faults.length > 0) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
  const isNeeded = faults.length > 0 && areNeeded(faults);
  control.toggleAttribute("data-needed", isNeeded);
  line.classList.toggle("is-needed", isNeeded);
  line.hidden = faults.length === 0;
  fill(line, ...(faults.length > 0 ? [icon(isNeeded ? "pencil" : "warning"), h("span", {}, faults.map(sentence).join(" "))] : []));
}
