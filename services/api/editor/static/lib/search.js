/* A list that is searched: the form above it, what is asked for kept in the address, what was found told. */

import { announce } from "./announce.js";
import { get } from "./api.js";
import { h } from "./dom.js";
import { field } from "./forms.js";
import { emptyState } from "./list.js";

const SEARCH_AFTER_MS = 200;
const MOST_LOOKS = 20;

/** A stretch of a list with something in it: one look goes through some thousand items, and what fits may lie behind. */
export async function lookOn(path, asked, cursor, signal) {
  for (let look = 1; ; look += 1) {
    const found = await get(withQuery(path, { ...asked, cursor }), { signal });
    if (found.items.length || !found.next || look === MOST_LOOKS) return found;
    cursor = found.next;
  }
}

/**
 * The form above a list that is searched.
 * @param {{label: string, list: PagedList, asked: object, kind: string, signal: AbortSignal,
 *   selects?: Object<string, HTMLSelectElement>}} options
 *   `asked` holds what is asked for, `search` and the names of the selects, and is kept up to date; `kind` is what one item
 *   is called; `selects` are what the list is filtered by besides, by their label
 */
export function searchForm({ label, list, asked, kind, signal, selects = {}, ...properties }) {
  const search = h("input", { type: "search", name: "search", value: asked.search, maxLength: 100, autocomplete: "off" });
  let timer;
  const apply = async () => {
    clearTimeout(timer);
    for (const [name, value] of new FormData(form)) asked[name] = value.trim();
    // The address tells what is shown, so that it can be sent to somebody and comes back with "back".
    history.replaceState(history.state, "", withQuery(location.pathname, asked));
    // What was found for other words is no answer to these.
    if (await list.reload({ isQuiet: true, keeps: false })) announce(countOf(list, kind));
  };
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, SEARCH_AFTER_MS);
  });
  // By then the address is another screen's.
  signal.addEventListener("abort", () => clearTimeout(timer));
  for (const select of Object.values(selects)) select.addEventListener("change", apply);
  const form = h("form", { class: "filters", role: "search", "aria-label": label, onsubmit: (event) => event.preventDefault(), ...properties },
    Object.assign(field({ label: "Search", control: search }), { className: "field is-wide" }),
    Object.entries(selects).map(([name, control]) => field({ label: name, control })));
  return form;
}

/** What stands where a search finds nothing. */
export function nothingFits(kind, text) {
  return emptyState({ drawing: "search", title: noneOf(kind), text });
}

function countOf({ items, next }, kind) {
  if (items.size === 0) return noneOf(kind);
  return `${next ? "More than " : ""}${items.size} ${items.size === 1 ? kind : `${kind}s`}`;
}

const noneOf = (kind) => `No ${kind} fits`;

function withQuery(path, asked) {
  const kept = new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
  return path + (kept && `?${kept}`);
}
