/* What visitors get now, what the draft would change, and the way off. */

import { pageAddress } from "../lib/addresses.js";
import { Problem, send } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { button } from "../lib/parts.js";
import { status } from "../lib/status.js";
import { when } from "../lib/time.js";
import { comparisonAddress, DRAFT } from "./addresses.js";
import { summary } from "./change-list.js";
import { discard, discardWord } from "./discard.js";
import { takeOff } from "./roll-back.js";

export function nowPanel(work) {
  const element = h("section", { class: "card history-now", "aria-label": "Now" });
  let turn = 0;
  const load = async () => {
    const own = (turn += 1);
    const parts = [live(work), await draft(work)];
    if (own === turn) refill(element, parts);
  };
  work.onChange(load);
  return { element, load };
}

/** Whoever is at a button or a link stays there. */
function refill(element, parts) {
  const controls = () => [...element.querySelectorAll("a[href], button")];
  const at = controls().indexOf(document.activeElement);
  fill(element, parts);
  if (at >= 0) (controls()[at] ?? controls().at(-1))?.focus();
}

function live(work) {
  const publication = work.state?.live_publication;
  if (!publication) return h("div", { class: "history-now-part" }, status("unpublished", "Not live"), h("p", {}, "Visitors get nothing at this address."));
  const last = publication.steps.at(-1);
  return h("div", { class: "history-now-part" },
    h("p", {}, status("live"), h("strong", {}, ` Visitors get v${publication.version}`), ", since ", when(last.at), by(publication), "."),
    h("p", { class: "muted small" }, servers(publication.served)),
    h("div", { class: "history-now-actions" },
      h("a", { class: "button button-small", href: work.state.url, target: "_blank", rel: "noopener" }, "View the page",
        h("span", { class: "visually-hidden" }, " in a new tab"), icon("external")),
      work.can.publish && button("Unpublish", () => takeOff(work), { kind: "danger small" })));
}

const by = ({ steps }) => (steps[0].by ? `, by ${steps[0].by}` : "");

export function servers(served) {
  if (!served) return "";
  const count = `Live on ${served.servers} of ${served.of} ${served.of === 1 ? "server" : "servers"}`;
  return served.missing?.length > 0 ? `${count}; not yet on ${served.missing.join(", ")}` : count;
}

async function draft(work) {
  if (!work.can.draft) return null;
  const edit = h("a", { class: "button button-small", href: pageAddress(work.site, work.page) }, icon("pencil"), "Edit the draft");
  if (!work.hasDraft) return part(h("p", {}, "There is no draft beside it."), edit);
  const who = work.draft.by ? ` by ${work.draft.by.name}` : "";
  const saved = [status("draft"), ` Saved${who} `, when(work.draft.at)];
  if (!work.newest) return part(h("p", {}, saved, ". Nothing of it was ever published."), [edit, away(work)]);
  const found = await unpublished(work);
  if (found.length === 0) return part(h("p", {}, saved, `, the same as v${work.newest}.`), edit);
  const compare = h("a", { class: "button button-small", href: comparisonAddress(work, work.newest, DRAFT) }, "Show unpublished changes");
  return part(h("p", {}, saved, `. Against v${work.newest}: ${summary(found)}.`), [edit, compare, away(work)]);
}

const away = (work) => button(discardWord(work), () => discard(work), { kind: "danger small" });

const part = (text, actions) => h("div", { class: "history-now-part" }, text, h("div", { class: "history-now-actions" }, actions));

/** What publishing the draft would change. A draft that cannot be compared shows without. */
export async function unpublished(work) {
  const asked = { before: { version: work.newest }, after: { config: work.draft.config } };
  try {
    return (await send("POST", `${work.path}/changes`, asked, { signal: work.signal })).body.changes;
  } catch (error) {
    if (error instanceof Problem && error.status === 422) return [];
    throw error;
  }
}
