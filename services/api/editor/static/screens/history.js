/* Nothing is here yet. */

import { h } from "../lib/dom.js";

export async function show() {
  return { title: "history", element: h("div", { class: "screen" }, h("h1", {}, "history")) };
}
