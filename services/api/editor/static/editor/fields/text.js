/* A line, or several, of text; Markdown says in one line how it is written. */

import { h } from "../../lib/dom.js";
import { isLong } from "../schema.js";
import { frame } from "./frame.js";
import { leaf } from "./leaf.js";

const MARKDOWN = "**bold**, *italic*, [words](https://…), # heading, - point, 1. step, > quote";
const KEYBOARDS = { link: "url", image: "url" };

export function textField(spec, place) {
  const control = makeControl(spec);
  control.addEventListener("input", () => place.type(written(spec, control.value)));
  const show = (value) => showText(control, value);
  return leaf({ spec, framed: frame(spec, control, markdownHint(spec)), control, show });
}

/** What a text says to the config: nothing written is left out where it may be. */
export function written(spec, text) {
  return text === "" && spec.canBeLeftOut ? undefined : text;
}

/** Put a text into a control; a caret that stands in it stays where it is as long as the text is the same. */
export function showText(control, value) {
  const text = typeof value === "string" ? value : value == null ? "" : JSON.stringify(value);
  if (control.value !== text) control.value = text;
}

function makeControl(spec) {
  const placeholder = typeof spec.preset === "string" ? spec.preset : "";
  if (isLong(spec)) return h("textarea", { class: `control control-${spec.kind}`, rows: spec.kind === "markdown" ? 8 : 3, dir: "auto" });
  const inputMode = KEYBOARDS[spec.kind] ?? "text";
  return h("input", { class: "control", type: "text", inputMode, placeholder, autocomplete: "off", dir: inputMode === "text" ? "auto" : "ltr" });
}

function markdownHint(spec) {
  return spec.kind === "markdown" ? h("p", { class: "field-hint" }, h("code", {}, MARKDOWN)) : "";
}
