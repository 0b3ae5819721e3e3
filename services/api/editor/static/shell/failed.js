/* What is shown where a screen cannot be. */

import { EDITOR } from "../lib/addresses.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";

const TITLES = { 0: "No connection", 403: "Not allowed", 404: "Not found", 503: "Not available just now" };

/** @returns {{title: string, element: HTMLElement}} */
export function failed(error, again) {
  const title = TITLES[error.status] ?? "That did not work";
  const retry = h("button", { type: "button", class: "button button-primary", onclick: () => retrying(error, again) }, "Try again");
  const element = h("div", { class: "screen" },
    h("div", { class: "empty" }, icon("warning"), h("h1", {}, title), h("p", {}, words(error)),
      h("div", { class: "empty-actions" }, retry, h("a", { class: "button", href: EDITOR }, "All sites"))));
  return { title, element };
}

/** A module that is gone belongs to another release: only a new shell knows the new one. */
function retrying(error, again) {
  if (error.status === undefined) location.reload();
  else again();
}

function words(error) {
  if (error.status !== undefined) return error.detail;
  return `The app met a fault of its own (${error.message}). Loading it anew may help.`;
}
