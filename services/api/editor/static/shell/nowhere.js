/* An address at which nothing is. */

import { EDITOR } from "../lib/addresses.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";

export async function show() {
  const element = h("div", { class: "screen" },
    h("div", { class: "empty" }, icon("search"), h("h1", {}, "There is nothing here"),
      h("p", {}, "The address may have a slip in it."), h("a", { class: "button button-primary", href: EDITOR }, "All sites")));
  return { title: "Nothing here", element };
}
