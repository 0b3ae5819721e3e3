/* Says what was just done, and offers to undo it for as long as the screen is open. */

import { announce } from "../lib/announce.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { button } from "../lib/parts.js";

export class Notice {
  constructor() {
    this.element = h("div", { class: "history-notice", hidden: true });
  }

  /** @param {{label: string, onclick: function}|null} [action] */
  show(text, { action = null, kind = "done" } = {}) {
    this.element.hidden = false;
    this.element.dataset.kind = kind;
    fill(this.element, icon({ done: "check", busy: "dots", problem: "warning" }[kind]), h("p", {}, text),
      action && button(action.label, action.onclick, { drawing: "retry", kind: "small" }));
    announce(action ? `${text} ${action.label} is possible.` : text, { assertive: kind === "problem" });
  }
}
