/* Values of a config for people: texts, colours with a swatch, rows, objects name by name. Never colour alone. */

import { h } from "../lib/dom.js";
import { compareWords, shorten } from "./words.js";

const COLOUR = /^#[0-9a-f]{6}$/i;
const MOST_ITEMS = 50;

/** One value. @returns {*} what `h` takes as a child */
export function shown(value) {
  if (value === null || value === undefined || value === "") return h("span", { class: "muted" }, "nothing");
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return COLOUR.test(value) ? colour(value) : h("span", { class: "value-text" }, value);
  return Array.isArray(value) ? list(value) : object(value);
}

/** What a field was and what it is. */
export function difference(before, after) {
  if (isText(before) && isText(after)) return words(before, after);
  return h("dl", { class: "value-pair" },
    h("div", {}, h("dt", {}, "Before"), h("dd", {}, h("del", {}, shown(before)))),
    h("div", {}, h("dt", {}, "After"), h("dd", {}, h("ins", {}, shown(after)))));
}

const isText = (value) => typeof value === "string" && value !== "" && !COLOUR.test(value);

function words(before, after) {
  return h("p", { class: "value-text" }, shorten(compareWords(before, after)).map(({ kind, text }) => (kind === "same" ? text : mark(kind, text))));
}

/** Browsers tell few screen readers of <ins> and <del>, so the words say it as well. */
function mark(kind, text) {
  const word = kind === "ins" ? "added" : "removed";
  return h(kind, {}, h("span", { class: "visually-hidden" }, ` [${word}: `), text, h("span", { class: "visually-hidden" }, "] "));
}

function colour(value) {
  return h("span", { class: "value-colour" },
    h("span", { class: "value-swatch", "aria-hidden": "true", style: { "background-color": value } }), h("code", {}, value));
}

function list(items) {
  if (items.length === 0) return h("span", { class: "muted" }, "nothing");
  if (items.every((item) => typeof item !== "object" || item === null)) return h("span", { class: "value-text" }, items.join(" | "));
  const more = items.length > MOST_ITEMS && h("li", { class: "muted" }, `and ${items.length - MOST_ITEMS} more`);
  return h("ul", { class: "value-list" }, items.slice(0, MOST_ITEMS).map((item) => h("li", {}, shown(item))), more);
}

function object(value) {
  return h("dl", { class: "value-object" },
    Object.entries(value).map(([name, inner]) => h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, shown(inner)))));
}
