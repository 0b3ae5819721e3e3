/* Nothing is here yet. */

import { h } from "../lib/dom.js";

export async function show() {
  return { title: "audit", element: h("div", { class: "screen" }, h("h1", {}, "audit")) };
}
