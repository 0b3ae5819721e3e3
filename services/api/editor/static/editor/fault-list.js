/* The summary of what is to be mended, each a way to its field. */

import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { sentence } from "../lib/forms.js";
import { areNeeded } from "./fields/frame.js";

const MOST = 12;

export class FaultList {
  /** @param {import("./form.js").Form} form */
  constructor(form) {
    this.form = form;
    this.element = h("details", { class: "fault-list", hidden: true, open: true });
  }

  show(faults) {
    const isNeeded = areNeeded(faults);
    this.element.hidden = faults.length === 0;
    this.element.classList.toggle("is-needed", isNeeded);
    fill(this.element, h("summary", {}, icon(isNeeded ? "pencil" : "warning"), ` ${todo(faults)} before it can be published`),
      h("ul", {}, faults.slice(0, MOST).map((fault) => this.#entry(fault)), faults.length > MOST && h("li", {}, `and ${faults.length - MOST} more`)));
  }

  #entry(fault) {
    const go = h("button", { type: "button", class: "link-button", onclick: () => this.form.reveal(fault.pointer) }, this.form.labelOf(fault.pointer));
    return h("li", {}, go, " ", !fault.isNeeded && sentence(fault));
  }
}

/** What is to be done, such as "2 things are to be mended". */
export function todo(faults) {
  const count = faults.length === 1 ? "1 thing is" : `${faults.length} things are`;
  return `${count} to be ${areNeeded(faults) ? "filled in" : "mended"}`;
}
