/* Goes from screen to screen without loading the shell anew. Back and forward work, a screen with unsaved changes can
   hold somebody back, and afterwards title, focus and scroll position are where one expects them. */

import { announce } from "./announce.js";
import { closeDialogs } from "./dialog.js";
import { EDITOR } from "./addresses.js";
import { h } from "./dom.js";

const PROGRESS_AFTER_MS = 120;

let current = { leave: null, stop: null };
let index = 0;
let turn = 0;
let isReturning = false;
let leaving = null;
let wish = 0;
let options;
const scrolled = new Map();

/**
 * Begin.
 * @param {{outlet: HTMLElement, progress: HTMLElement, find: function(string), contextOf: function(object),
 *   onShown?: function(object), failed: function(Error, function)}} given
 *   `find` gives the screen of a path, `failed` the element for one that could not be shown
 */
export function start(given) {
  options = given;
  history.scrollRestoration = "manual";
  index = history.state?.index ?? 0;
  history.replaceState({ index }, "");
  addEventListener("popstate", onPop);
  addEventListener("beforeunload", onUnload);
  document.addEventListener("click", onClick);
  return show({ isFirst: true });
}

/** Go to an address of the app. @returns {Promise<boolean>} whether it was left */
export async function navigate(address, { replace = false } = {}) {
  if (!(await mayLeave())) return false;
  scrolled.set(index, scrollY);
  index = (history.state?.index ?? index) + (replace ? 0 : 1);
  history[replace ? "replaceState" : "pushState"]({ index }, "", address);
  await show({});
  return true;
}

/** Show the same screen anew. */
export const reload = () => show({});

/** A link within the app. */
export function link(address, ...children) {
  return h("a", { href: address }, ...children);
}

async function show({ isFirst = false, top = 0 }) {
  const own = (turn += 1);
  current.stop?.abort();
  const stop = new AbortController();
  // What is on its way out takes nothing more: it would be lost with it.
  options.outlet.inert = true;
  closeDialogs();
  const timer = setTimeout(() => (options.progress.hidden = false), PROGRESS_AFTER_MS);
  const screen = await load(stop.signal).catch((error) => error);
  if (own !== turn) return;
  clearTimeout(timer);
  options.progress.hidden = true;
  options.outlet.inert = false;
  if (screen instanceof Error && screen.name === "AbortError") return;
  const shown = screen instanceof Error ? options.failed(screen, reload) : screen;
  current = { leave: shown.leave ?? null, stop };
  options.outlet.replaceChildren(shown.element);
  document.title = `${shown.title} · Platen`;
  options.onShown?.(shown);
  if (!begin() && !isFirst) arrive(shown, top);
}

async function load(signal) {
  const { module, parameters } = options.find(location.pathname);
  const screen = await module();
  const query = new URLSearchParams(location.search);
  return screen.show(options.contextOf({ parameters, query, signal, navigate }));
}

/** Where a screen says what is filled in first (`data-first`), the focus goes there. */
function begin() {
  const control = options.outlet.querySelector("[data-first]");
  control?.focus();
  return Boolean(control);
}

/** A screen reader reads the heading that has the focus, so it need not be told as well. */
function arrive(shown, top) {
  scrollTo(0, top);
  const heading = options.outlet.querySelector("h1");
  if (!heading) return announce(shown.title);
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Whether the screen is left for this. It is asked once; of what is asked for meanwhile the newest counts. */
async function mayLeave() {
  const own = (wish += 1);
  leaving ??= Promise.resolve(current.leave?.()).finally(() => (leaving = null));
  const isLeft = (await leaving) !== false;
  if (own !== wish) return false;
  if (!isLeft) goBack();
  return isLeft;
}

/** The screen stays, so its address does; "back" and "forward" have changed it already. */
function goBack() {
  const by = index - (history.state?.index ?? index);
  if (by === 0) return;
  isReturning = true;
  history.go(by);
}

async function onPop(event) {
  // A link changed the part behind the # of this address: a place of the same screen, which can be gone back to.
  if (!event.state) {
    index += 1;
    history.replaceState({ index }, "");
    return;
  }
  if (isReturning) {
    isReturning = false;
    return;
  }
  if (!(await mayLeave())) return;
  scrolled.set(index, scrollY);
  index = history.state?.index ?? index;
  await show({ top: scrolled.get(index) ?? 0 });
}

/** The browser asks by itself, in its own words, where a screen has something to lose. */
function onUnload(event) {
  if (current.leave?.hasUnsaved?.()) event.preventDefault();
}

function onClick(event) {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const isOurs = anchor.origin === location.origin && anchor.pathname.startsWith(EDITOR);
  const isHere = anchor.hash && anchor.pathname === location.pathname && anchor.search === location.search;
  if (!isOurs || isHere || anchor.target || anchor.hasAttribute("download")) return;
  event.preventDefault();
  navigate(anchor.pathname + anchor.search + anchor.hash);
}
