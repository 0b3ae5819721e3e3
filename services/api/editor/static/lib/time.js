/* Times for people: how long ago, at what time, how long it took. */

import { h } from "./dom.js";

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const UNITS = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const REFRESHED_MS = 20_000;

/** "3 minutes ago", "in 2 hours"; times are ms since the epoch. */
export function ago(at, now = Date.now()) {
  const passed = at - now;
  const found = UNITS.find(([, ms]) => Math.abs(passed) >= ms);
  if (!found) return Math.abs(passed) < 10_000 ? "just now" : RELATIVE.format(Math.round(passed / 1000), "second");
  return RELATIVE.format(Math.trunc(passed / found[1]), found[0]);
}

/** Date and time to the second, in the zone of whoever looks. */
export const clock = (at) => FULL.format(at);

/** Date and time to the minute. */
export const clockShort = (at) => SHORT.format(at);

export const day = (at) => DAY.format(at);

/** "12 ms", "1.4 s", "3 min 20 s". */
export function duration(ms) {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.trunc(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.trunc(seconds / 3_600)} h ${Math.trunc((seconds % 3_600) / 60)} min`;
}

/** A <time> that says how long ago, kept true, with the exact time as its title. */
export function when(at) {
  return h("time", { dateTime: new Date(at).toISOString(), title: clock(at), dataset: { ago: at } }, ago(at));
}

setInterval(() => {
  for (const element of document.querySelectorAll("time[data-ago]")) element.textContent = ago(Number(element.dataset.ago));
}, REFRESHED_MS);
