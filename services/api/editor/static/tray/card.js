/* One publication in the tray. */

import { historyAddress, pageAddress } from "../lib/addresses.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { oneAtATime } from "../lib/once.js";
import { link } from "../lib/router.js";
import { may } from "../lib/session.js";
import { status } from "../lib/status.js";
import { clock, duration } from "../lib/time.js";
import { isEnded, isOver, timed } from "./publication.js";
import { placeOf, sentenceOf, stillLive } from "./words.js";

export class Card {
  constructor(entry, tray) {
    Object.assign(this, { entry, tray, buttonsFor: null });
    this.state = h("div", { class: "tray-state" });
    this.words = h("p", { class: "tray-words" });
    this.failure = h("div", { class: "tray-failure" });
    this.steps = h("ol", { class: "tray-steps" });
    this.buttons = h("div", { class: "tray-buttons" });
    this.name = h("h3", { class: "tray-name" }, link(pageAddress(entry.site, entry.page), entry.title || `${entry.site}/${entry.page}`));
    this.element = h("li", { class: "tray-card" },
      h("div", { class: "tray-card-head" }, this.name, this.state), this.words, this.failure, this.steps, this.buttons);
  }

  show() {
    const { followed } = this.entry;
    this.element.dataset.state = followed.state;
    this.element.dataset.seq = followed.seq;
    this.#fill(this.state, followed.state, () => [status(followed.state)]);
    const words = this.tray.isPaused && !isOver(followed) ? "Paused: the connection is lost. What happens meanwhile is caught up." : sentenceOf(this.entry);
    if (this.words.textContent !== words) this.words.textContent = words;
    this.#fill(this.failure, JSON.stringify([followed.failure, followed.nextAt, followed.state]), () => this.#failure());
    this.#fill(this.steps, JSON.stringify(followed.steps), () => this.#steps());
    this.#fill(this.buttons, followed.state, () => this.#buttons());
  }

  /** What takes time ticks, without anything being made anew. */
  tick() {
    const { followed } = this.entry;
    const clockElement = this.steps.querySelector("[data-ticking]");
    if (clockElement && !isEnded(followed)) clockElement.textContent = duration(Math.max(0, performance.now() - this.sinceStep));
    const due = this.failure.querySelector("[data-due]");
    if (due) due.textContent = duration(Math.max(0, followed.nextAt - Date.now()));
  }

  /** Made anew only where it says something else, so that whatever has the focus keeps it. */
  #fill(element, key, make) {
    if (element.dataset.key === key) return;
    element.dataset.key = key;
    fill(element, make());
  }

  #steps() {
    const { followed } = this.entry;
    this.sinceStep = performance.now();
    const steps = timed(followed).map((step, index) => stepLine(step, index === 0));
    return isEnded(followed) ? steps : [...steps, tickingLine()];
  }

  #failure() {
    const { site, page, widgets, followed } = this.entry;
    if (!followed.failure || !["failed", "retrying"].includes(followed.state)) return [];
    const { pointer, reason } = followed.failure;
    const place = placeOf(pointer, widgets);
    return [
      followed.state === "retrying" && h("p", {}, stillLive(followed)),
      place && h("p", {}, icon("warning"), h("strong", {}, place)),
      h("p", {}, reason),
      pointer && h("p", {}, link(`${pageAddress(site, page)}?field=${encodeURIComponent(pointer)}`, "Go to the field")),
      followed.nextAt > 0 && h("p", {}, "Next try at ", clock(followed.nextAt), ", in ", h("span", { class: "number", dataset: { due: "" } }, "…"),
        followed.attemptsAllowed > 0 && ` (attempt ${followed.attempts + 1} of ${followed.attemptsAllowed})`),
    ];
  }

  #buttons() {
    const { site, page, followed } = this.entry;
    const mayPublish = may("publish", site);
    const isWaiting = ["queued", "retrying"].includes(followed.state);
    return [
      isWaiting && mayPublish && this.#button("Cancel", () => this.tray.cancel(this.entry)),
      followed.state === "failed" && followed.version > 0 && mayPublish && this.#button("Try again", () => this.tray.again(this.entry)),
      followed.state === "live" && followed.version > 0 && openLink(`/${site}/${page}`),
      h("a", { class: "button button-small button-quiet", href: historyAddress(site, page) }, "History"),
      isEnded(followed) && this.#button("Dismiss", async () => this.tray.dismiss(this.entry)),
    ];
  }

  #button(text, act) {
    return h("button", { type: "button", class: "button button-small", onclick: oneAtATime(act) }, text);
  }
}

/** A step and the time since the one before it; the first says when it was. */
function stepLine({ state, at, by, afterMs }, isFirst) {
  return h("li", {}, h("span", {}, state),
    h("time", { class: "number", title: clock(at) }, isFirst ? clock(at) : `+${duration(afterMs)}`),
    by && h("span", { class: "muted small" }, by));
}

/** What goes on just now; screen readers are told when it has come to something. */
function tickingLine() {
  return h("li", { "aria-hidden": "true" }, h("span", {}, "…"), h("span", { class: "number", dataset: { ticking: "" } }, "0 ms"));
}

function openLink(address) {
  return h("a", { class: "button button-small", href: address, target: "_blank", rel: "noopener" }, "Open the page", icon("external"));
}
