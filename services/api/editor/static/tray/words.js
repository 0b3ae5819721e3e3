/* What a publication's state means, in words. */

import { duration } from "../lib/time.js";
import { totalMs } from "./publication.js";

/** One sentence on how it stands; what reassures comes first. */
export function sentenceOf({ followed, queue }) {
  switch (followed.state) {
    case "queued": return queued(queue);
    case "building": return followed.attempts > 1 ? `Building, attempt ${followed.attempts}` : "Building";
    case "live": return live(followed);
    case "failed": return `${stillLive(followed)} This one could not be built.`;
    case "retrying": return `It did not work, and is tried again by itself.`;
    case "superseded": return `A newer publication, number ${followed.supersededBy}, took its place.`;
    case "cancelled": return "Called off before it was built. What was live stays live.";
  }
  return followed.state;
}

/** What visitors get while this one is not live. */
export function stillLive({ liveVersion }) {
  if (liveVersion === null) return "What was live is still live.";
  return liveVersion > 0 ? `v${liveVersion} is still live.` : "The page was not live before, and is not now.";
}

/** Where a pointer leads, for people: the widget, and the field. */
export function placeOf(pointer, widgets) {
  const [, list, index, ...field] = pointer.split("/");
  if (!list) return "";
  if (list !== "widgets" || index === undefined) return named(pointer.split("/").slice(1));
  const widget = widgets[Number(index)] ?? `Widget ${Number(index) + 1}`;
  return field.length > 0 ? `${widget}, ${named(field)}` : widget;
}

function named(steps) {
  return steps.map((step) => (/^\d+$/.test(step) ? String(Number(step) + 1) : step.replaceAll("_", " "))).join(" ");
}

function queued(queue) {
  if (!queue) return "Queued";
  const place = queue.ahead === 0 ? "next in line" : `${queue.ahead} before it`;
  if (queue.builders === 0) return `Queued, ${place}. No builder is running`;
  const wait = queue.wait_ms === null ? "" : `, about ${duration(queue.wait_ms)} to wait`;
  return `Queued, ${place}${wait}`;
}

function live(followed) {
  const what = followed.version > 0 ? `v${followed.version} is live` : "The page is off";
  const total = totalMs(followed);
  const took = total === null ? "" : `, ${duration(total)} after it was accepted`;
  const { served } = followed;
  if (!served || served.of === 0) return `${what}${took}`;
  return `${what} on ${served.servers} of ${served.of} ${served.of === 1 ? "server" : "servers"}${took}`;
}
