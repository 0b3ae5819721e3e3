/* The publications that somebody here waits for, whatever screen is shown; kept over a reload of the tab. */

import { pagePath } from "../lib/addresses.js";
import { Problem, get, send } from "../lib/api.js";
import { watch } from "../lib/events.js";
import { fromRecord, isEnded, isOver, withEvent } from "./publication.js";

const NAME = "platen:tray";
const MOST = 20;
const QUEUE_EVERY_MS = 1_000;
const QUEUE_FIRST_MS = 250;

/**
 * @typedef {object} Entry
 * @property {string} site
 * @property {string} page
 * @property {string} title
 * @property {string[]} widgets names of the page's widgets, for what a pointer leads to
 * @property {import("./publication.js").Followed} followed
 * @property {{ahead: number, wait_ms: number|null, builders: number}|null} queue
 */

/** Event: `change`, whenever anything about any entry is another. */
class Tray extends EventTarget {
  #watches = new Map();

  constructor() {
    super();
    this.account = null;
    this.entries = [];
    this.isPaused = false;
  }

  /** Follow a publication that was just accepted. */
  add({ site, page, title, widgets, record }) {
    const entry = { site, page, title, widgets, followed: fromRecord(record), queue: null };
    this.entries = [entry, ...this.entries.filter((other) => !isSame(other, entry))].slice(0, MOST);
    this.#changed();
    const refreshed = this.#follow(entry);
    // Where the answer came late it has ended already, and no event will say so.
    if (isEnded(entry.followed)) refreshed.then(() => this.#changed(entry));
  }

  /** Go on with what an account followed before the tab was loaded anew. */
  belongTo(account) {
    if (account === this.account) return;
    this.account = account;
    this.entries = readKept(account);
    this.entries.filter((entry) => !isOver(entry.followed)).forEach((entry) => this.#follow(entry));
    this.#changed();
  }

  dismiss(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.#changed();
    this.#unwatch(entry.site);
  }

  /** Call off what still waits. */
  async cancel(entry) {
    const { body } = await send("DELETE", `${pagePath(entry.site, entry.page)}/publications/${entry.followed.seq}`);
    this.#update(entry, fromRecord(body, entry.followed));
  }

  /** Ask for the same version once more, as a new publication. */
  async again(entry) {
    const { site, page, followed } = entry;
    const { body } = await send("POST", `${pagePath(site, page)}/publications`, { version: followed.version });
    this.add({ ...entry, record: body });
    this.dismiss(entry);
  }

  #follow(entry) {
    this.#watch(entry.site);
    this.#askQueue(entry, QUEUE_FIRST_MS);
    return this.#refresh(entry);
  }

  #watch(site) {
    if (this.#watches.has(site)) return;
    this.#watches.set(site, null);
    const onEvent = (event) => this.#take(site, event);
    const onState = (state) => this.#connection(site, state);
    this.#watches.set(site, watch({ site }, { onEvent, onState }));
  }

  #unwatch(site) {
    if (this.entries.some((entry) => entry.site === site && !isOver(entry.followed))) return;
    this.#watches.get(site)?.close();
    this.#watches.delete(site);
  }

  #take(site, event) {
    const own = this.entries.filter((entry) => entry.site === site && !isOver(entry.followed));
    if (event.type === "snapshot") own.forEach((entry) => this.#refresh(entry));
    for (const entry of own)
      if (event.data.page === entry.page) this.#update(entry, withEvent(entry.followed, event));
  }

  #connection(site, state) {
    this.isPaused = state === "paused";
    this.#changed();
    if (state === "live") this.entries.filter((entry) => entry.site === site && !isOver(entry.followed)).forEach((entry) => this.#refresh(entry));
  }

  async #refresh(entry) {
    const path = `${pagePath(entry.site, entry.page)}/publications/${entry.followed.seq}`;
    const record = await get(path).catch(ignored);
    if (!record) return;
    const isTrouble = ["failed", "retrying"].includes(record.state);
    // What is still live is told with the failure and not after it.
    const liveVersion = isTrouble ? (entry.followed.liveVersion ?? (await this.#liveVersion(entry))) : null;
    if (record.steps.length >= entry.followed.steps.length) this.#update(entry, { ...fromRecord(record, entry.followed), liveVersion });
  }

  async #liveVersion({ site, page }) {
    const found = await get(pagePath(site, page)).catch(ignored);
    return found && (found.live?.version ?? 0);
  }

  #askQueue(entry, afterMs) {
    setTimeout(async () => {
      if (entry.followed.state !== "queued" || !this.entries.includes(entry)) return;
      const path = `${pagePath(entry.site, entry.page)}/publications/${entry.followed.seq}/queue`;
      entry.queue = (await get(path).catch(ignored)) ?? entry.queue;
      this.#changed();
      this.#askQueue(entry, QUEUE_EVERY_MS);
    }, afterMs);
  }

  #update(entry, followed) {
    if (followed === entry.followed) return;
    const before = entry.followed;
    entry.followed = followed;
    this.#changed(before.state !== followed.state ? entry : null);
    if (isEnded(followed) && !isEnded(before)) this.#refresh(entry);
    if (isOver(followed)) this.#unwatch(entry.site);
  }

  #changed(entry = null) {
    keep(this.account, this.entries);
    this.dispatchEvent(new CustomEvent("change", { detail: { entry } }));
  }
}

export const tray = new Tray();

function isSame(one, other) {
  return one.site === other.site && one.page === other.page && one.followed.seq === other.followed.seq;
}

function keep(account, entries) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify({ account, entries }));
  } catch {
    // Without room the tray lasts only as long as the tab is not loaded anew.
  }
}

function readKept(account) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(NAME));
    return kept?.account === account ? kept.entries : [];
  } catch {
    return [];
  }
}

function ignored(error) {
  // The next event, or the connection's return, asks again.
  if (!(error instanceof Problem)) throw error;
  return null;
}
