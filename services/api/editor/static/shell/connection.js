/* Says that what is shown may be old, for as long as the connection is lost. */

import { fill } from "../lib/dom.js";
import { icon } from "../lib/icons.js";

export function showConnection(banner, state) {
  const isPaused = state === "paused";
  banner.classList.toggle("is-paused", isPaused);
  if (isPaused) fill(banner, icon("pause"), "Paused, reconnecting. What is shown may be a little old.");
  else fill(banner);
}
