/* Says how saving stands: an icon and words, kept true while time passes. */

import { announce } from "../lib/announce.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";

const TICK_MS = 1_000;
const ICONS = { saved: "check", changed: "pencil", saving: "dots", offline: "pause", refused: "warning", conflict: "swap" };

export class SaveState {
  /**
   * @param {import("./autosave.js").Autosave} autosave
   * @param {{onChoose: () => void, signal: AbortSignal}} given `onChoose` opens the choice between two sides
   */
  constructor(autosave, { onChoose, signal }) {
    this.autosave = autosave;
    this.choosing = h("button", { type: "button", class: "button button-small", onclick: onChoose }, "Compare and choose");
    this.element = h("p", { class: "save-state", dataset: { state: "saved" } });
    autosave.addEventListener("state", () => this.show(), { signal });
    const timer = setInterval(() => this.show(), TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.show();
  }

  show() {
    const { kind } = this.autosave.state;
    const words = wordsOf(this.autosave);
    if (words === this.words) return;
    this.words = words;
    this.element.dataset.state = kind;
    fill(this.element, icon(ICONS[kind]), words, kind === "conflict" && this.choosing);
    if (["offline", "refused", "conflict"].includes(kind) && kind !== this.told) announce(words, { assertive: true });
    this.told = kind;
  }
}

function wordsOf({ state, base, isKept }) {
  switch (state.kind) {
    case "changed": return "not saved yet";
    case "saving": return "saving…";
    case "offline": return `not saved: offline. ${isKept ? "Kept in this browser" : "This browser has no room to keep it"}`;
    case "refused": return `not saved: ${state.detail}`;
    case "conflict": return "not saved: somebody else changed it";
  }
  if (state.at) return `saved ${since(Date.now() - state.at)}`;
  return base.revision > 0 ? "all is saved" : "nothing changed yet";
}

function since(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}
