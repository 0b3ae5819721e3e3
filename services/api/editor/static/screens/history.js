/* The history of a page: what visitors get now, its versions, what was published when, and links that share it.
   With `?before=…&after=…` two of them are compared. */

import { EDITOR, pageAddress, scheduleAddress, siteAddress } from "../lib/addresses.js";
import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { watch } from "../lib/events.js";
import { icon } from "../lib/icons.js";
import { button, screenHead, section } from "../lib/parts.js";
import { may } from "../lib/session.js";
import { comparison } from "../history/comparison.js";
import { moment } from "../history/moment.js";
import { movePage } from "../history/move.js";
import { Notice } from "../history/notice.js";
import { nowPanel } from "../history/now-panel.js";
import { publicationList } from "../history/publication-list.js";
import { followPending } from "../history/roll-back.js";
import { sharePanel } from "../history/share-panel.js";
import { versionList } from "../history/version-list.js";
import { Work } from "../history/work.js";

const REFRESH_AFTER_MS = 150;

export async function show(context) {
  const work = new Work(context);
  await work.load();
  return context.query.has("after") ? comparison(work, context.query) : overview(work);
}

async function overview(work) {
  // Of a page that is not there either, the API says so in its own words.
  if (!work.state && !work.hasDraft) await get(work.path, { signal: work.signal });
  work.notice = new Notice();
  const now = nowPanel(work);
  const versions = work.state && versionList(work);
  const publications = work.state && publicationList(work);
  const shares = work.can.draft ? sharePanel(work) : null;
  await Promise.all([now, versions, publications, shares].map((part) => part?.load()));
  follow(work);
  const element = h("div", { class: "screen" }, head(work), work.notice.element, h("div", { class: "panels" },
    now.element,
    versions && section({ title: "Versions", text: "What was saved, word for word, for ever. Going back to one leaves the draft alone and freezes nothing." }, versions.element),
    versions && section({ title: "What was live at …" }, moment(work)),
    publications && section({ title: "Publications" }, publications.element),
    shares && section({ title: "Share links", actions: [button("Share a preview", shares.create, { drawing: "add" })] }, shares.element)));
  return { title: `History of ${work.page}`, element };
}

function head(work) {
  const { site, page, can } = work;
  return screenHead({
    title: `History of ${page}`,
    crumbs: [["Sites", EDITOR], [site, siteAddress(site)], can.draft && [page, pageAddress(site, page)]].filter(Boolean),
    actions: [
      may("manage", site) && work.state && button("Move", () => movePage(work)),
      h("a", { class: "button", href: scheduleAddress(site, page) }, icon("clock"), "Schedule"),
      can.draft && h("a", { class: "button button-primary", href: pageAddress(site, page) }, icon("pencil"), "Edit"),
    ],
  });
}

/** A burst of events is one look at the page. The first snapshot says what was loaded, unless something has happened since. */
function follow(work) {
  let timer;
  let isKnown = false;
  const onEvent = (event) => {
    followPending(work, event);
    const isFirst = event.type === "snapshot" && !isKnown;
    isKnown ||= event.type === "snapshot";
    if (isFirst && isAsLoaded(work, event.data)) return;
    clearTimeout(timer);
    timer = setTimeout(() => work.refresh().catch(quiet), REFRESH_AFTER_MS);
  };
  watch({ site: work.site, page: work.page }, { onEvent }, { signal: work.signal });
}

function isAsLoaded({ state, newest }, { seq, state: standing, live, head }) {
  const { publication } = state ?? {};
  return seq === (publication?.seq ?? 0) && live?.seq === state?.live?.seq && (head?.version ?? 0) === newest
    && (!publication || publication.state === standing);
}

/** The screen was left, or Platen is not reached, which the banner says; the next event looks again. */
function quiet(error) {
  if (!["AbortError", "Problem"].includes(error.name)) throw error;
}
