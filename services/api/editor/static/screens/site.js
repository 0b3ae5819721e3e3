/* The pages of a site: searched, filtered, and kept true by what happens on it. */

import { EDITOR, historyAddress, pageAddress, settingsAddress } from "../lib/addresses.js";
import { announce } from "../lib/announce.js";
import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { watch } from "../lib/events.js";
import { icon } from "../lib/icons.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button, options, screenHead } from "../lib/parts.js";
import { may } from "../lib/session.js";
import { status } from "../lib/status.js";
import { when } from "../lib/time.js";
import { field } from "../lib/forms.js";
import { newPage } from "../site/new-page.js";
import { follow } from "../site/following.js";

const COLUMNS = [
  { label: "Page", class: "table-main" },
  { label: "State" },
  { label: "Changed" },
  { label: "Actions", class: "table-end", isHidden: true },
];
const STATES = [["", "All"], ["live", "Live"], ["draft", "Draft"], ["building", "Building"], ["failed", "Failed"], ["unpublished", "Unpublished"]];
const SEARCH_AFTER_MS = 200;
const MOST_LOOKS = 20;
const EMPTY_STATE = "No page fits";

export async function show({ parameters: { site }, query, signal, navigate }) {
  const { title } = await get(`/sites/${encodeURIComponent(site)}`, { signal });
  const asked = { search: query.get("search") ?? "", state: query.get("state") ?? "" };
  const create = () => newPage(site, navigate);
  const list = new PagedList({
    load: (cursor, stop) => lookOn(site, asked, cursor, stop),
    caption: `Pages of ${title}`, columns: COLUMNS, keyOf: (page) => page.page, cells: (page) => cells(site, page), signal,
    empty: () => (asked.search || asked.state ? nothingFits() : noPages(site, create)),
  });
  await list.reload();
  watch({ site }, { onEvent: follow(list) }, { signal });
  const element = h("div", { class: "screen" },
    screenHead({
      title, crumbs: [["Sites", EDITOR]],
      actions: [
        may("manage", site) && h("a", { class: "button", href: settingsAddress(site) }, "Settings"),
        may("draft", site) && button("New page", create, { kind: "primary", drawing: "add" }),
      ],
    }),
    filters(asked, list), list.element);
  return { title, element };
}

function listPath(site, { search, state }, cursor) {
  const asked = Object.entries({ search, state, cursor }).filter(([, value]) => value);
  return `/sites/${encodeURIComponent(site)}/pages?${new URLSearchParams(asked)}`;
}

/** A stretch of the list with something in it: one look goes through some thousand pages, and what fits may lie behind. */
async function lookOn(site, asked, cursor, signal) {
  for (let look = 1; ; look += 1) {
    const found = await get(listPath(site, asked, cursor), { signal });
    if (found.items.length || !found.next || look === MOST_LOOKS) return found;
    cursor = found.next;
  }
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

function filters(asked, list) {
  const search = h("input", { type: "search", name: "search", value: asked.search, maxLength: 100, autocomplete: "off" });
  const state = h("select", { name: "state" }, options(STATES, asked.state));
  let timer;
  const apply = async () => {
    clearTimeout(timer);
    Object.assign(asked, { search: search.value.trim(), state: state.value });
    const kept = new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
    // The address tells what is shown, so that it can be sent to somebody and comes back with "back".
    history.replaceState(history.state, "", location.pathname + (kept ? `?${kept}` : ""));
    // What was found for other words is no answer to these.
    if (await list.reload({ isQuiet: true, keeps: false })) announce(found(list));
  };
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, SEARCH_AFTER_MS);
  });
  state.addEventListener("change", apply);
  return h("form", { class: "filters", role: "search", "aria-label": "Pages", onsubmit: (event) => event.preventDefault() },
    Object.assign(field({ label: "Search", control: search }), { className: "field is-wide" }), field({ label: "State", control: state }));
}

function found(list) {
  const count = list.items.size;
  if (count === 0) return EMPTY_STATE;
  return `${list.next ? "More than " : ""}${count} ${count === 1 ? "page" : "pages"}`;
}

function nothingFits() {
  return emptyState({ drawing: "search", title: EMPTY_STATE, text: "Try other words, or all states." });
}

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
