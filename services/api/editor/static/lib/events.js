/* Follows what happens by server-sent events. Watchers of the same page or site share one connection, since a browser
   has few of them for all its tabs; a tab that nobody has looked at for a while gives its own back. */

import { get } from "./api.js";

const NAMES = [
  "snapshot", "reset", "paused", "resumed", "config-published", "build-started", "page-built", "build-retrying",
  "build-failed", "build-superseded", "build-cancelled", "page-unpublished", "page-served", "page-moved",
  "hostnames-set", "schedule-set", "schedule-cancelled", "schedule-fired", "schedule-failed",
];
// A stream that ends as planned is back within a moment; that is no pause worth telling.
const GRACE_MS = 1_500;
const HIDDEN_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;

const channels = new Map();
const stateListeners = new Set();

/**
 * Watch a page, or a whole site where no page is given.
 * @param {{site: string, page?: string}} what
 * @param {{onEvent: function({type: string, id: string, data: object}), onState?: function(string)}} listeners
 *   states are "connecting", "live" and "paused"; after a `reset` a `snapshot` follows, which says how it is now
 * @param {AbortSignal} [signal] ends it
 * @returns {{close: function}}
 */
export function watch({ site, page }, { onEvent, onState = () => {} }, { signal } = {}) {
  const address = `/-/events?${new URLSearchParams(page ? { site, page } : { site })}`;
  const channel = channels.get(address) ?? new Channel(address);
  channels.set(address, channel);
  const close = channel.join({ onEvent, onState });
  if (signal?.aborted) close();
  else signal?.addEventListener("abort", close, { once: true });
  return { close };
}

// The browser may not notice for minutes that a stream has nobody at its other end any more.
addEventListener("offline", () => channels.forEach((channel) => channel.cut()));
addEventListener("online", () => channels.forEach((channel) => channel.open()));

/** Call a listener with "paused" or "live" when the state of all that is watched changes. */
export function onConnection(listener) {
  stateListeners.add(listener);
}

class Channel {
  constructor(address) {
    this.address = address;
    this.watchers = new Set();
    this.state = "connecting";
    this.last = "";
    this.tries = 0;
    this.pausing = null;
    this.onVisibility = () => this.seen(document.visibilityState === "visible");
  }

  join(watcher) {
    this.watchers.add(watcher);
    watcher.onState(this.state);
    if (this.watchers.size === 1) this.open();
    // Whoever joins later needs the state of now, and a stream tells it only at its beginning.
    else this.open({ isFresh: true });
    return () => this.leave(watcher);
  }

  leave(watcher) {
    this.watchers.delete(watcher);
    if (this.watchers.size > 0) return;
    this.close();
    channels.delete(this.address);
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.tell("connecting");
  }

  open({ isFresh = false } = {}) {
    this.close();
    document.addEventListener("visibilitychange", this.onVisibility);
    const from = this.last && !isFresh ? `&last_event_id=${encodeURIComponent(this.last)}` : "";
    this.source = new EventSource(this.address + from);
    for (const name of NAMES) this.source.addEventListener(name, (event) => this.take(name, event));
    this.source.addEventListener("open", () => this.opened());
    this.source.addEventListener("error", () => this.lost());
  }

  close() {
    this.source?.close();
    this.source = null;
    this.stopPausing();
    clearTimeout(this.hiding);
    clearTimeout(this.returning);
  }

  stopPausing() {
    clearTimeout(this.pausing);
    this.pausing = null;
  }

  cut() {
    this.close();
    this.tell("paused");
  }

  opened() {
    this.tries = 0;
    this.stopPausing();
    this.tell("live");
  }

  take(type, event) {
    if (event.lastEventId) this.last = event.lastEventId;
    if (type === "paused") this.tell("paused");
    if (type === "resumed") this.tell("live");
    const told = { type, id: event.lastEventId, data: event.data ? JSON.parse(event.data) : {} };
    for (const { onEvent } of [...this.watchers]) onEvent(told);
  }

  lost() {
    // Each try that fails comes here; the time since the first of them counts.
    this.pausing ??= setTimeout(() => this.tell("paused"), GRACE_MS);
    if (this.source?.readyState === EventSource.CLOSED) this.comeBack();
  }

  /** The browser has given up, because the answer was a refusal. Asking the API leads to signing in where that is why. */
  comeBack() {
    this.tell("paused");
    this.tries += 1;
    const waitMs = Math.min(1_000 * 2 ** this.tries, LONGEST_WAIT_MS) * (1 + Math.random() / 2);
    this.returning = setTimeout(async () => {
      await get("/session").catch(() => {});
      if (this.watchers.size > 0) this.open();
    }, waitMs);
  }

  seen(isVisible) {
    clearTimeout(this.hiding);
    if (!isVisible) this.hiding = setTimeout(() => this.close(), HIDDEN_MS);
    else if (!this.source) this.open();
  }

  tell(state) {
    if (state === this.state) return;
    this.state = state;
    for (const { onState } of [...this.watchers]) onState(state);
    const isPaused = [...channels.values()].some((channel) => channel.state === "paused");
    for (const listener of stateListeners) listener(isPaused ? "paused" : "live");
  }
}
