/* From what a clock on a wall shows, and where, to the instants that may be meant: none where the clocks are put forward
   over it, two where they are put back. Pure; the zones are the browser's, the API has the last word. */

const DAY_MS = 86_400_000;
const LOCAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/;

/** Names of the zones the browser knows. */
export const zoneNames = () => [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])].sort();

export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function isZone(zone) {
  try {
    return Boolean(zone) && Boolean(formatIn(zone));
  } catch {
    return false;
  }
}

/**
 * The instants at which the clocks of a zone show a time.
 * @param {string} local such as "2026-12-24T09:00"
 * @returns {number[]} ms since the epoch, in order; the place in the list is the API's `fold`
 */
export function instantsOf(local, zone) {
  if (!LOCAL.test(local) || !isZone(zone)) return [];
  const naive = Date.parse(`${local}Z`);
  const candidates = offsetsAround(naive, zone).map((offset) => naive - offset);
  return [...new Set(candidates)].filter((at) => at + offsetAt(at, zone) === naive).sort((one, other) => one - other);
}

/**
 * Times close to one that the clocks leave out: as much earlier and later as they are put forward.
 * @returns {string[]} local times, none where the time exists
 */
export function closestTo(local, zone) {
  if (!LOCAL.test(local) || !isZone(zone) || instantsOf(local, zone).length > 0) return [];
  const naive = Date.parse(`${local}Z`);
  return offsetsAround(naive, zone).map((offset) => naive - offset).sort((one, other) => one - other).map((at) => localOf(at, zone));
}

/** What the clocks of a zone show, to the minute. */
export const localOf = (at, zone) => new Date(at + offsetAt(at, zone)).toISOString().slice(0, 16);

/** "UTC+02:00" */
export function offsetText(at, zone) {
  const minutes = offsetAt(at, zone) / 60_000;
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) => String(Math.trunc(part)).padStart(2, "0"));
  return `UTC${minutes < 0 ? "−" : "+"}${hours}:${rest}`;
}

/** How far ahead of UTC the clocks of a zone are, in ms. */
function offsetAt(at, zone) {
  const parts = Object.fromEntries(formatIn(zone).formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  return shown - Math.floor(at / 1000) * 1000;
}

/** The offsets before and after whatever happens to the clocks around a time. */
const offsetsAround = (naive, zone) => [...new Set([offsetAt(naive - DAY_MS, zone), offsetAt(naive + DAY_MS, zone)])];

const formats = new Map();

function formatIn(zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat("en", {
      timeZone: zone, calendar: "gregory", hourCycle: "h23",
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    }));
  }
  return formats.get(zone);
}
