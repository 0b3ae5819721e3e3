/* What changed from one config to another, widget by widget. */

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { difference, shown } from "./values.js";

// kind -> [icon, word]
const KINDS = { added: ["add", "Added"], removed: ["dash", "Removed"], moved: ["swap", "Moved"], changed: ["pencil", "Changed"] };

/** @param {object[]} changes as the API tells them */
export function changeList(changes) {
  return h("ol", { class: "changes" }, changes.map((change) => h("li", { class: `change change-${change.kind}` }, entry(change))));
}

/** "2 changed, 1 added". */
export function summary(changes) {
  if (changes.length === 0) return "no differences";
  const counts = Object.entries(KINDS).map(([kind, [, word]]) => [changes.filter((change) => change.kind === kind).length, word.toLowerCase()]);
  return counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(", ");
}

function entry(change) {
  return [
    h("h3", { class: "change-head" }, tag(change.kind), " ", name(change)),
    change.kind === "moved" ? h("p", { class: "muted" }, `From place ${place(change.before_pointer)} to place ${place(change.pointer)}.`) : fields(change),
  ];
}

function tag(kind) {
  const [drawing, word] = KINDS[kind];
  return h("span", { class: `change-tag change-tag-${kind}` }, icon(drawing), word);
}

function name({ what, widget }) {
  if (what === "page") return "The page itself";
  const title = widget.title && `“${widget.title}”`;
  return [h("span", { class: "change-type" }, widget.type || "widget"), title && ` ${title}`, widget.id && h("code", { class: "change-id" }, `#${widget.id}`)];
}

const place = (pointer) => Number(pointer.split("/").at(-1)) + 1;

function fields({ kind, fields: all }) {
  if (kind === "changed") return h("dl", { class: "change-fields" }, all.map((field) => row(field.label, changed(field))));
  const content = h("dl", { class: "change-fields" }, all.map((field) => row(field.label, shown(kind === "added" ? field.after : field.before))));
  return h("details", { class: "change-whole" }, h("summary", {}, "Show what is in it"), content);
}

function changed({ kind, before, after }) {
  if (kind === "added") return h("ins", {}, h("span", { class: "visually-hidden" }, "added: "), shown(after));
  if (kind === "removed") return h("del", {}, h("span", { class: "visually-hidden" }, "removed: "), shown(before));
  return difference(before, after);
}

function row(label, value) {
  return h("div", {}, h("dt", {}, label), h("dd", {}, value));
}
