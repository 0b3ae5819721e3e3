/* The state of a page or a publication: an icon and a word, never colour alone. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

// state -> [icon, word, tone]
const STATES = {
  live: ["check", "Live", "good"],
  draft: ["pencil", "Draft", "quiet"],
  scheduled: ["clock", "Scheduled", "busy"],
  queued: ["clock", "Queued", "busy"],
  building: ["dots", "Building", "busy"],
  retrying: ["retry", "Retrying", "warn"],
  failed: ["warning", "Failed", "bad"],
  superseded: ["swap", "Superseded", "quiet"],
  cancelled: ["cross", "Cancelled", "quiet"],
  unpublished: ["dash", "Unpublished", "quiet"],
  done: ["check", "Done", "good"],
  refused: ["cross", "Refused", "bad"],
  saved: ["check", "Saved", "good"],
  unchanged: ["dash", "Unchanged", "quiet"],
};

/** @param {string} state @param {string} [word] in place of the usual one */
export function status(state, word) {
  const [drawing, usual, tone] = STATES[state] ?? ["dash", state, "quiet"];
  return h("span", { class: `status status-${tone}`, dataset: { state } }, icon(drawing), word ?? usual);
}

export const STATE_WORDS = Object.fromEntries(Object.entries(STATES).map(([state, [, word]]) => [state, word]));
