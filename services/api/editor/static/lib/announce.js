/* Says things without moving the focus: to screen readers by a live region, to everybody by a notice in the corner. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6_000;
const SHOWN_WITH_ACTION_MS = 12_000;
const MOST_TOASTS = 4;
const ICONS = { done: "check", problem: "warning", info: "dots" };

/** Tell screen readers something. The same words twice are told twice. */
export function announce(text, { assertive = false } = {}) {
  const region = document.getElementById(assertive ? "live-assertive" : "live-polite");
  region.replaceChildren(h("p", {}, text));
}

/**
 * Show a notice, and announce it.
 * @param {string} text
 * @param {{kind?: "done"|"problem"|"info", action?: {label: string, onclick: function}}} [options]
 * @returns {function} takes it away
 */
export function toast(text, { kind = "done", action = null } = {}) {
  const region = document.getElementById("toasts");
  const element = h("div", { class: `toast toast-${kind}` }, icon(ICONS[kind]), h("p", {}, text),
    action && h("button", { type: "button", class: "button button-quiet", onclick: () => act() }, action.label),
    h("button", { type: "button", class: "toast-close", "aria-label": "Dismiss", onclick: () => close() }, icon("cross")));
  const close = () => element.remove();
  const act = () => {
    close();
    action.onclick();
  };
  region.append(element);
  while (region.children.length > MOST_TOASTS) region.firstElementChild.remove();
  announce(text, { assertive: kind === "problem" });
  leaveLater(element, close, action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
  return close;
}

/** Gone after a while, but never under somebody's pointer or focus. */
function leaveLater(element, close, afterMs) {
  let timer = setTimeout(close, afterMs);
  const stay = () => clearTimeout(timer);
  const go = () => {
    clearTimeout(timer);
    timer = setTimeout(close, afterMs);
  };
  element.addEventListener("pointerenter", stay);
  element.addEventListener("focusin", stay);
  element.addEventListener("pointerleave", go);
  element.addEventListener("focusout", go);
}
