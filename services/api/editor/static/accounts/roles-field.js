/* Which role somebody has where: rows of a site, or every site, and a role. */

import { announce } from "../lib/announce.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { button, options } from "../lib/parts.js";
import { ROLES, ROLE_TEXTS, roleWord } from "../lib/roles.js";

const EVERYWHERE = [["*", "Every site"]];
// Where somebody may do what is for whoever gives the role to say, and never everywhere because nobody looked.
const UNCHOSEN = [["", "Choose where"]];

/**
 * @param {Object<string, string>} roles site, `*`, or "" where it is still to be chosen -> role
 * @param {{slug: string, title: string}[]} sites to choose from
 * @returns {{element: HTMLElement, value: function(): Object<string, string>}}
 */
export function rolesField(roles, sites) {
  const known = [...EVERYWHERE, ...sites.map((site) => [site.slug, site.title])];
  const rows = h("div", { class: "roles-rows" });
  const error = h("p", { class: "field-error", role: "alert", hidden: true });
  const add = (site, role) => rows.append(row(withSite(known, site), site, role));
  Object.entries(roles).forEach(([site, role]) => add(site, role));
  const addButton = button("Add a role", () => {
    add(sites.find((site) => !(site.slug in value()))?.slug ?? "*", "editor");
    rows.lastElementChild.querySelector("select").focus();
  }, { kind: "small", drawing: "add" });
  const value = () => Object.fromEntries([...rows.children].map((element) => [...element.querySelectorAll("select")].map((select) => select.value)));
  const element = h("fieldset", { class: "field roles" }, h("legend", { class: "field-label" }, "Roles"),
    h("ul", { class: "field-hint" }, ROLES.map(([role]) => h("li", {}, `${roleWord(role)} ${ROLE_TEXTS[role]}.`))),
    rows, error, h("div", {}, addButton));
  const unchosen = () => [...rows.querySelectorAll("select")].find((select) => select.value === "");
  // A field like any other to the form it stands in.
  Object.defineProperty(element, "control", { get: () => unchosen() ?? rows.querySelector("select") ?? addButton });
  element.dataset.pointer = "/roles";
  element.check = () => (unchosen() ? "Choose where, or remove the role." : "");
  element.setError = (text) => {
    error.hidden = !text;
    error.replaceChildren(...(text ? [icon("warning"), text] : []));
    const select = unchosen();
    if (text) select?.setAttribute("aria-invalid", "true");
    else for (const each of rows.querySelectorAll("select")) each.removeAttribute("aria-invalid");
  };
  rows.addEventListener("input", () => element.setError(""));
  return { element, value };
}

function row(known, site, role) {
  const remove = () => {
    const next = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    (next?.querySelector("select") ?? document.activeElement).focus();
    announce("The role is taken out of the list.");
  };
  const element = h("div", { class: "roles-row" },
    h("select", { "aria-label": "Where" }, options(site === "" ? [...UNCHOSEN, ...known] : known, site)),
    h("select", { "aria-label": "Role" }, options(ROLES, role)),
    button("Remove", remove, { kind: "quiet small danger" }));
  return element;
}

/** A site that is not in the list any more still has its role. */
function withSite(known, site) {
  return site === "" || known.some(([slug]) => slug === site) ? known : [...known, [site, site]];
}
