/* The publish tray: what is on its way to visitors, at the bottom of every screen. */

import { announce } from "../lib/announce.js";
import { goToHeading } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { Card } from "./card.js";
import { isOver } from "./publication.js";
import { tray } from "./store.js";
import { sentenceOf } from "./words.js";

const TICK_MS = 100;
// Once nothing is left to wait for, it makes room by itself.
const FOLD_AFTER_MS = 8_000;

let view = null;

/** Show the tray of whoever is signed in; what another account followed in this tab is not theirs to see. */
export function showTray(place, session) {
  place.hidden = !session;
  if (!session) return;
  if (!view) {
    view = new TrayView(place);
    tray.addEventListener("change", ({ detail }) => view.show(detail.entry));
  }
  tray.belongTo(session.account.id);
}

class TrayView {
  constructor(place) {
    this.cards = new Map();
    this.list = h("ul", { class: "tray-list", id: "tray-list" });
    this.summary = h("span", {});
    const onclick = () => this.#fold(!this.list.hidden);
    this.toggle = h("button", { type: "button", class: "tray-toggle", "aria-controls": "tray-list", onclick }, icon("down"), this.summary);
    this.#fold(true);
    this.element = h("section", { class: "tray", hidden: true, "aria-label": "Publications" }, h("h2", { class: "tray-head" }, this.toggle), this.list);
    place.append(this.element);
    setInterval(() => [...this.cards.values()].forEach((card) => card.tick()), TICK_MS);
  }

  show(changed) {
    const { entries } = tray;
    const hadFocus = this.list.contains(document.activeElement);
    this.element.hidden = entries.length === 0;
    document.body.classList.toggle("has-tray", entries.length > 0);
    const moving = entries.filter((entry) => !isOver(entry.followed)).length;
    this.summary.textContent = moving > 0 ? `Publishing ${moving} ${moving === 1 ? "page" : "pages"}` : "Publications";
    // What had ended when the tab was loaded anew was seen before; what failed is not put away.
    if (moving > 0 || changed || hasFailed()) this.#fold(false);
    clearTimeout(this.folding);
    if (moving === 0) this.folding = setTimeout(() => this.#makeRoom(), FOLD_AFTER_MS);
    this.#arrange(entries);
    for (const card of this.cards.values()) card.show();
    if (changed) tell(changed);
    if (hadFocus && !this.list.contains(document.activeElement)) this.#keepFocus();
  }

  /** What had it is gone with its card, or with what could be done about it. */
  #keepFocus() {
    if (this.element.hidden) goToHeading();
    else this.toggle.focus();
  }

  #arrange(entries) {
    for (const entry of this.cards.keys()) if (!entries.includes(entry)) this.cards.delete(entry);
    const before = [...this.list.children];
    const elements = entries.map((entry) => {
      if (!this.cards.has(entry)) this.cards.set(entry, new Card(entry, tray));
      return this.cards.get(entry).element;
    });
    if (elements.length !== before.length || elements.some((element, index) => element !== before[index])) fill(this.list, elements);
  }

  #fold(isFolded) {
    this.list.hidden = isFolded;
    this.toggle.setAttribute("aria-expanded", String(!isFolded));
  }

  /** Never under somebody's pointer or focus, and never what failed. */
  #makeRoom() {
    if (!hasFailed() && !this.element.matches(":hover, :focus-within")) this.#fold(true);
  }
}

const hasFailed = () => tray.entries.some((entry) => entry.followed.state === "failed");

/** Steps that people wait for are told; that a builder has begun is not worth an interruption. */
function tell(entry) {
  const { state } = entry.followed;
  if (state === "building") return;
  announce(`${entry.title || entry.page}: ${sentenceOf(entry)}`, { assertive: state === "failed" });
}
