/* Two versions, or a version and the draft: what changed, and how both look. */

import { historyAddress, siteAddress, EDITOR } from "../lib/addresses.js";
import { get, send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { emptyState } from "../lib/list.js";
import { screenHead, section } from "../lib/parts.js";
import { comparisonAddress, DRAFT } from "./addresses.js";
import { changeList, summary } from "./change-list.js";
import { sideBySide } from "./side-by-side.js";
import { permanent } from "./work.js";

const NUMBER = /^[1-9][0-9]{0,14}$/;

export async function comparison(work, query) {
  const asked = [query.get("before"), query.get("after")];
  const sides = await Promise.all(asked.map((name) => side(work, name)));
  if (sides.some((found) => !found)) return nothing(work);
  const { changes } = (await send("POST", `${work.path}/changes`, { before: sides[0].asked, after: sides[1].asked }, { signal: work.signal })).body;
  const title = `${sides[0].name} and ${sides[1].name}`;
  const element = h("div", { class: "screen" },
    screenHead({ title: `${sides[0].name} → ${sides[1].name}`, text: `${work.site}/${work.page}: ${summary(changes)}.`, crumbs: crumbs(work), actions: [swap(work, asked)] }),
    h("div", { class: "panels" },
      section({ title: "What changed" }, changes.length > 0 ? changeList(changes) : same()),
      section({ title: "Side by side" }, sideBySide(work, sides))));
  return { title: `Changes between ${title}`, element };
}

function crumbs(work) {
  return [["Sites", EDITOR], [work.site, siteAddress(work.site)], [`History of ${work.page}`, historyAddress(work.site, work.page)]];
}

function swap(work, [before, after]) {
  return h("a", { class: "button", href: comparisonAddress(work, after, before) }, "Swap sides");
}

/** @returns what a side is called, what the API is asked about it, and how it is shown; null where it is not there */
async function side(work, name) {
  if (name === DRAFT) return work.draft && { name: "draft", asked: { config: work.draft.config }, config: work.draft.config };
  if (!NUMBER.test(name ?? "") || Number(name) > work.newest) return null;
  const shown = (await isKept(work, Number(name))) ? { address: permanent(work, name) } : { config: (await get(`${work.path}/versions/${name}`, { signal: work.signal })).config };
  return { name: `v${name}`, asked: { version: Number(name) }, ...shown };
}

/** Versions are listed downwards from below a number. */
async function isKept(work, number) {
  const { items } = await get(`${work.path}/versions?limit=1&cursor=${number + 1}`, { signal: work.signal });
  return items[0]?.number === number && items[0].is_kept;
}

function same() {
  return emptyState({ drawing: "check", title: "Both are the same", level: "h3" });
}

function nothing(work) {
  const element = h("div", { class: "screen" }, screenHead({ title: "Nothing to compare", crumbs: crumbs(work), text: "One of the two is not there." }));
  return { title: "Nothing to compare", element };
}
