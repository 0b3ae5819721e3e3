/* Two people changed the same page: both sides beside each other, and a choice. None of them loses anything, for all
   that was there before stays in the history of undo. */

import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { when } from "../lib/time.js";
import { differences } from "./differences.js";
import { merge } from "./merge.js";

const LONGEST = 240;

/**
 * Ask what shall count.
 * @param {{schema: object, base: object, mine: object, theirs: {config: object, by: object, at: number},
 *   own: string}} sides `own` is the id of whoever is asked, who may have two windows
 * @returns {Promise<object|undefined>} the config that was chosen, undefined where nothing was
 */
export async function chooseSide({ schema, base, mine, theirs, own }) {
  const merged = merge(base, mine, theirs.config);
  const isOwn = theirs.by?.id === own;
  const name = isOwn ? "The other window" : (theirs.by?.name ?? "Somebody else");
  const found = differences(schema, { base, mine, theirs: theirs.config });
  const dialog = openDialog({
    title: isOwn ? "You changed this page in another window, too" : `${name} changed this page, too`,
    isWide: true,
    content: [
      h("p", {}, isOwn ? "It was saved there " : "They saved ", when(theirs.at), ". Whatever you choose, the other side stays within reach of Undo."),
      table(found, name),
      h("div", { class: "dialog-buttons" },
        choice("Take theirs", () => dialog.close(theirs.config)),
        choice("Keep mine", () => dialog.close(mine)),
        choice("Merge: mine where I changed, theirs elsewhere", () => dialog.close(merged), "button-primary")),
    ],
  });
  return dialog.closed;
}

function table(found, name) {
  const head = ["Field", "Yours", name].map((text) => h("th", { scope: "col" }, text));
  return h("div", { class: "conflict-scroll", tabIndex: 0, role: "region", "aria-label": "What differs" },
    h("table", { class: "conflict-table" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, found.map(row))));
}

function row({ label, mine, theirs, isBoth }) {
  const both = isBoth && h("span", { class: "conflict-both" }, icon("warning"), "both changed");
  return h("tr", {}, h("th", { scope: "row" }, label, both), cell(mine), cell(theirs));
}

function cell(text) {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return h("td", {}, short || h("em", { class: "muted" }, "nothing"));
}

function choice(text, onclick, kind = "") {
  return h("button", { type: "button", class: `button ${kind}`, onclick }, text);
}
