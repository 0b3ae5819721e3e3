/* Who changed what, and what was refused; the newest first. */

import { allSites } from "../lib/all-sites.js";
import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { field } from "../lib/forms.js";
import { emptyState, PagedList } from "../lib/list.js";
import { options, screenHead } from "../lib/parts.js";
import { current, may } from "../lib/session.js";
import { status } from "../lib/status.js";
import { clock, when } from "../lib/time.js";
import { inWords } from "../lib/words.js";

const COLUMNS = [
  { label: "What", class: "table-main" },
  { label: "Who" },
  { label: "Where" },
  { label: "Outcome" },
  { label: "When" },
];

export async function show({ query, signal }) {
  const title = "Audit log";
  const sites = await choices(signal);
  if (sites.length === 0) return { title, element: notYours() };
  const asked = { site: sites.some(([slug]) => slug === query.get("site")) ? query.get("site") : sites[0][0] };
  const list = new PagedList({
    load: (cursor, stop) => get(path(asked.site, cursor), { signal: stop }),
    caption: title, columns: COLUMNS, keyOf: (entry) => entry.id, cells, more: "Older", signal,
    empty: () => emptyState({ drawing: "clock", title: "Nothing has happened yet", text: "Every change and every refusal is written down here." }),
  });
  await list.reload();
  const head = screenHead({ title, text: "Every change, and everything that was refused." });
  return { title, element: h("div", { class: "screen" }, head, filters(sites, asked, list), list.element) };
}

/** Sites whose log somebody may read; all of them together for administrators. */
async function choices(signal) {
  const managed = (await allSites({ signal })).filter((site) => may("manage", site.slug)).map((site) => [site.slug, site.title]);
  return [...(may("administer") ? [["", "Everything"]] : []), ...managed];
}

function path(site, cursor) {
  const from = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
  return (site ? `/sites/${encodeURIComponent(site)}/audit` : "/audit") + from;
}

function filters(sites, asked, list) {
  const site = h("select", { name: "site" }, options(sites, asked.site));
  site.addEventListener("change", () => {
    asked.site = site.value;
    history.replaceState(history.state, "", location.pathname + (site.value ? `?site=${encodeURIComponent(site.value)}` : ""));
    list.reload();
  });
  return h("form", { class: "filters", "aria-label": "Filter", onsubmit: (event) => event.preventDefault() }, field({ label: "Site", control: site }));
}

function cells(entry) {
  const place = [entry.site, entry.page].filter(Boolean).join("/");
  return [
    [inWords(entry.action), target(entry)],
    [entry.who?.name || h("span", { class: "muted" }, "nobody"), entry.via && ![entry.who?.name, "session"].includes(entry.via) && h("div", { class: "muted small" }, `by ${entry.via}`)],
    place,
    entry.outcome === "refused" ? status("refused", `Refused (${entry.status})`) : status("done"),
    h("span", { title: clock(entry.at) }, when(entry.at)),
  ];
}

/** What has a name is called by it; its id is at hand. */
function target({ target: id, target_name: name }) {
  return id && h("div", { class: "muted small", title: name ? id : null }, name || id);
}

function notYours() {
  const text = `${current().account.name} manages no site, and reads no log.`;
  return h("div", { class: "screen" }, emptyState({ drawing: "key", title: "Not yours to see", text, level: "h1" }));
}
