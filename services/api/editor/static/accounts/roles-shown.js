/* Roles in words: which, and where. */

import { h } from "../lib/dom.js";
import { roleWord } from "../lib/roles.js";

/** @param {Object<string, string>} roles site, or `*` -> role */
export function rolesShown(roles) {
  const held = Object.entries(roles).sort(([one], [other]) => one.localeCompare(other));
  if (held.length === 0) return h("span", { class: "muted" }, "none yet");
  return h("div", { class: "chips" }, held.map(([site, role]) =>
    h("span", { class: "chip" }, roleWord(role), site === "*" ? " everywhere" : ` on ${site}`)));
}
