/* The pages of a site: searched, filtered, and kept true by what happens on it. */

import { EDITOR, historyAddress, pageAddress, settingsAddress } from "../lib/addresses.js";
import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { watch } from "../lib/events.js";
import { icon } from "../lib/icons.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button, options, screenHead } from "../lib/parts.js";
import { lookOn, nothingFits, searchForm } from "../lib/search.js";
import { may } from "../lib/session.js";
import { status } from "../lib/status.js";
import { when } from "../lib/time.js";
import { newPage } from "../site/new-page.js";
import { follow } from "../site/following.js";

const COLUMNS = [
  { label: "Page", class: "table-main" },
  { label: "State" },
  { label: "Changed" },
  { label: "Actions", class: "table-end", isHidden: true },
];
const STATES = [["", "All"], ["live", "Live"], ["draft", "Draft"], ["building", "Building"], ["failed", "Failed"], ["unpublished", "Unpublished"]];

export async function show({ parameters: { site }, query, signal, navigate }) {
  const { title } = await get(`/sites/${encodeURIComponent(site)}`, { signal });
  const asked = { search: query.get("search") ?? "", state: query.get("state") ?? "" };
  const create = () => newPage(site, navigate);
  const list = new PagedList({
    load: (cursor, stop) => lookOn(`/sites/${encodeURIComponent(site)}/pages`, asked, cursor, stop),
    caption: `Pages of ${title}`, columns: COLUMNS, keyOf: (page) => page.page, cells: (page) => cells(site, page), signal,
    empty: () => (asked.search || asked.state ? nothingFits("page", "Try other words, or all states.") : noPages(site, create)),
  });
  await list.reload();
  watch({ site }, { onEvent: follow(list) }, { signal });
  const state = h("select", { name: "state" }, options(STATES, asked.state));
  const element = h("div", { class: "screen" },
    screenHead({
      title, crumbs: [["Sites", EDITOR]],
      actions: [
        may("manage", site) && h("a", { class: "button", href: settingsAddress(site) }, "Settings"),
        may("draft", site) && button("New page", create, { kind: "primary", drawing: "add" }),
      ],
    }),
    searchForm({ label: "Pages", list, asked, kind: "page", signal, selects: { State: state } }), list.element);
  return { title, element };
}

function cells(site, page) {
  const address = may("draft", site) ? pageAddress(site, page.page) : historyAddress(site, page.page);
  const isLive = page.head?.live_version > 0;
  return [
    [h("a", { href: address }, page.title || page.page), h("div", { class: "muted small" }, page.url)],
    h("div", { class: "chips" }, status(page.state), unpublished(page)),
    page.changed_at ? when(page.changed_at) : "",
    [
      h("a", { class: "button button-quiet button-small", href: historyAddress(site, page.page) }, "History", of(page)),
      isLive && h("a", { class: "button button-quiet button-small", href: page.url, target: "_blank", rel: "noopener" },
        "View", of(page), h("span", { class: "visually-hidden" }, " in a new tab"), icon("external")),
    ],
  ];
}

/** What is written and not yet seen by visitors. A draft that is no newer than the newest version was saved as it. */
function unpublished({ state, changed_at: changedAt, head }) {
  if (state === "draft") return null;
  const isWritten = head?.draft_at > 0 && head.draft_at === changedAt;
  const isNewer = head?.live_version > 0 && head.version > head.live_version;
  const word = isWritten ? "Changes not published" : isNewer && `v${head.version} not live`;
  return word && h("span", { class: "status status-quiet" }, icon("pencil"), word);
}

const of = (page) => h("span", { class: "visually-hidden" }, ` of ${page.title || page.page}`);

function noPages(site, create) {
  const canDraft = may("draft", site);
  return emptyState({
    drawing: "pencil", title: "No page yet",
    text: canDraft ? "Write the first one. Nobody sees it before you publish it." : "Editors of this site can write pages; they appear here.",
    actions: [
      canDraft && button("New page", create, { kind: "primary" }),
      canDraft && h("a", { class: "button", href: pageAddress(site, "index") }, "Write the home page"),
    ],
  });
}
