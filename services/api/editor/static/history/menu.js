/* What is done less often, behind one button. Opened by click or key, closed by Escape, by a choice, or by going
   elsewhere. */

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";

/** @param {string} label for those who do not see where it stands @param {*[]} entries buttons and links */
export function menu(label, entries) {
  if (!entries.some(Boolean)) return null;
  const summary = h("summary", { class: "button button-quiet button-small", "aria-label": label }, icon("dots"));
  const element = h("details", { class: "menu" }, summary, h("div", { class: "menu-entries" }, entries));
  const close = () => (element.open = false);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !element.open) return;
    close();
    summary.focus();
  });
  element.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !element.contains(relatedTarget) && close());
  element.addEventListener("toggle", () => (element.open ? addEventListener("pointerdown", away) : removeEventListener("pointerdown", away)));
  const away = (event) => !element.contains(event.target) && close();
  return element;
}
