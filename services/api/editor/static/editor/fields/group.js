/* A named group of fields, with a line for what is wrong with it as a whole. */

import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { faultLine, newName, showFaults } from "./frame.js";

/** Makes the element of a group: `body` is what is in it, `line` where its faults are told. */
export class Group {
  constructor(name, kind = "group") {
    this.body = h("div", { class: `${kind}-body` });
    this.element = h("fieldset", { class: kind, id: newName("part") }, h("legend", { class: `${kind}-name` }, name), this.body);
    this.line = faultLine(this.element);
    this.element.append(this.line);
  }

  fault(faults) {
    showFaults(this.element, this.line, faults);
  }
}

/** A small button with a word. */
export function smallButton(drawing, text, onclick) {
  return h("button", { type: "button", class: "button button-small", onclick }, icon(drawing), text);
}

/** A button of a drawing alone; one that can do nothing just now keeps the focus and does nothing. */
export function iconButton(drawing, label, act) {
  const onclick = (event) => event.currentTarget.getAttribute("aria-disabled") !== "true" && act();
  return h("button", { type: "button", class: "button button-quiet button-icon", "aria-label": label, title: label, onclick }, icon(drawing));
}

export function setLabel(button, label) {
  button.setAttribute("aria-label", label);
  button.title = label;
}

export function setDisabled(button, isDisabled) {
  button.setAttribute("aria-disabled", String(isDisabled));
}
