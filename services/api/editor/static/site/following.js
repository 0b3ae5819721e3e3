/* Keeps a list of pages true by the events of its site. */

const STATE_AFTER = {
  "config-published": "building",
  "build-started": "building",
  "build-retrying": "building",
  "build-failed": "failed",
  "page-built": "live",
  "page-unpublished": "unpublished",
};
// After these the row says more than the event does: another title, a draft that is published now, another address.
const ASKED_AGAIN = new Set(["page-built", "page-unpublished", "build-failed", "build-cancelled", "page-moved"]);
const RELOAD_AFTER_MS = 400;

/** @param {import("../lib/list.js").PagedList} list @returns {function} takes events */
export function follow(list) {
  let timer;
  let isKnown = false;
  const reload = () => {
    clearTimeout(timer);
    // A list of which more was loaded keeps what it shows; its rows are true anyway.
    timer = setTimeout(() => list.items.size <= list.firstCount && list.reload({ isQuiet: true }), RELOAD_AFTER_MS);
  };
  return ({ type, data }) => {
    if (type === "snapshot") {
      // The list was loaded before the first one; on a slow network, long before.
      if (isKnown || isBehind(list, data.pages ?? [])) reload();
      isKnown = true;
      return;
    }
    const state = STATE_AFTER[type];
    const isShown = state && list.change(data.page, { state, changed_at: data.at, ...live(type, data, list) });
    if ((state && !isShown) || ASKED_AGAIN.has(type)) reload();
  };
}

const NUMBERS = ["version", "seq", "wanted_seq", "live_seq", "live_version"];
const ENDED = ["failed", "cancelled", "superseded"];

/** Whether something has happened since the list was loaded. */
function isBehind(list, pages) {
  if (!list.next && pages.some(({ page }) => !list.items.has(page))) return true;
  return pages.some(({ page, head, state }) => {
    const shown = list.items.get(page);
    if (!shown) return false;
    return NUMBERS.some((name) => head[name] !== shown.head?.[name]) || (shown.state === "building" && ENDED.includes(state));
  });
}

function live(type, data, list) {
  const head = list.items.get(data.page)?.head;
  if (type === "config-published") return { head: { ...head, version: Math.max(head?.version ?? 0, data.version) } };
  if (type === "page-built") return { head: { ...head, live_version: data.version } };
  if (type === "page-unpublished") return { head: { ...head, live_version: 0 } };
  return {};
}
