/* The parts that screens are put together from: their head with the way back, and their sections. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { oneAtATime } from "./once.js";

/**
 * The head of a screen.
 * @param {{title: string, text?: *, crumbs?: [string, string][], actions?: *[]}} options crumbs are pairs of text and
 *   address, from the outermost
 */
export function screenHead({ title, text, crumbs = [], actions = [] }) {
  return h("header", {},
    crumbs.length > 0 && h("nav", { class: "crumbs", "aria-label": "Breadcrumb" },
      crumbs.map(([name, address]) => [h("a", { href: address }, name), icon("next")])),
    h("div", { class: "screen-head" },
      h("div", {}, h("h1", {}, title), text && h("p", {}, text)),
      h("div", { class: "screen-actions" }, actions)));
}

/** A part of a screen with a heading of its own. */
export function section({ title, text, actions = [] }, ...children) {
  const heading = h("h2", {}, title);
  return h("section", { class: "panel" },
    h("div", { class: "panel-head" }, h("div", {}, heading, text && h("p", {}, text)), h("div", { class: "screen-actions" }, actions)),
    children);
}

export function button(text, onclick, { kind = "", drawing = "", ...properties } = {}) {
  const classes = ["button", ...kind.split(" ").filter(Boolean).map((name) => `button-${name}`)];
  return h("button", { type: "button", class: classes.join(" "), onclick: oneAtATime(onclick), ...properties }, drawing && icon(drawing), text);
}

export function options(pairs, chosen) {
  return pairs.map(([value, text]) => h("option", { value, defaultSelected: value === chosen }, text));
}
