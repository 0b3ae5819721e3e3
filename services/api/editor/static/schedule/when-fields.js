/* Date, time and zone, with what they mean for whoever writes them; a time that comes twice is asked about, one that
   does not exist is offered with the closest ones that do. */

import { announce } from "../lib/announce.js";
import { fill, h } from "../lib/dom.js";
import { field } from "../lib/forms.js";
import { button } from "../lib/parts.js";
import { clock } from "../lib/time.js";
import { closestTo, instantsOf, isZone, localOf, offsetText, ownZone, zoneNames } from "./local-time.js";

const HOUR_MS = 3_600_000;

export class WhenFields {
  constructor() {
    const [date, time] = localOf(Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + HOUR_MS, ownZone()).split("T");
    this.date = h("input", { type: "date", name: "date", required: true, value: date, max: "9999-12-31" });
    this.time = h("input", { type: "time", name: "time", required: true, value: time });
    this.zone = h("input", { type: "text", name: "zone", required: true, value: ownZone(), list: "zones", autocomplete: "off", spellcheck: false });
    this.meaning = h("div", { class: "schedule-meaning", "aria-live": "polite" });
    this.fold = null;
    this.fields = {
      date: field({ label: "Date", control: this.date, pointer: "/at" }),
      time: field({ label: "Time", control: this.time, pointer: "/at/time" }),
      zone: field({ label: "Time zone", hint: "Search by city, such as Berlin.", control: this.zone }),
    };
    this.element = h("div", { class: "schedule-when" },
      h("div", { class: "form-row" }, Object.values(this.fields)),
      h("datalist", { id: "zones" }, zoneNames().map((name) => h("option", { value: name }))), this.meaning);
    for (const control of [this.date, this.time, this.zone]) control.addEventListener("input", () => this.changed());
    this.changed();
  }

  get local() {
    return `${this.date.value}T${this.time.value}`;
  }

  /** What the API is asked; null, with the reason at its field, where that cannot be said yet. */
  value() {
    if (!isZone(this.zone.value)) return this.refuse("zone", "No zone has this name. Choose one from the list.");
    const instants = instantsOf(this.local, this.zone.value);
    if (instants.length === 0) return this.refuse("time", "This time does not exist on that day. Choose one of those below.");
    if (instants.length === 2 && this.fold === null) return this.refuse("time", "This time comes twice on that day. Choose below which one is meant.");
    return { at: this.local, zone: this.zone.value, ...(instants.length === 2 && { fold: this.fold }) };
  }

  refuse(name, text) {
    this.fields[name].setError(text);
    this.fields[name].control.focus();
    announce(text, { assertive: true });
    return null;
  }

  changed() {
    this.fold = null;
    const instants = instantsOf(this.local, this.zone.value);
    if (instants.length === 1) fill(this.meaning, h("p", {}, this.words(instants[0])));
    else if (instants.length === 2) fill(this.meaning, this.twice(instants));
    else fill(this.meaning, this.never());
  }

  /** What it is on the clocks of whoever writes. */
  words(at) {
    const isOwn = this.zone.value === ownZone();
    const past = at < Date.now() ? " That is over already." : "";
    return `${isOwn ? "" : `In your time zone, ${ownZone()}: `}${clock(at)}, ${offsetText(at, this.zone.value)}.${past}`;
  }

  twice(instants) {
    const choose = (fold) => () => (this.fold = fold);
    return h("fieldset", { class: "schedule-choice" }, h("legend", {}, "The clocks are put back, so this time comes twice. Which one?"),
      instants.map((at, fold) => h("label", { class: "check" }, h("input", { type: "radio", name: "fold", value: fold, onchange: choose(fold) }),
        `The ${["first", "second"][fold]} time, ${offsetText(at, this.zone.value)}`)));
  }

  never() {
    const close = closestTo(this.local, this.zone.value);
    if (close.length === 0) return null;
    return h("div", { class: "schedule-choice" }, h("p", {}, "The clocks are put forward over this time, so it does not exist. Close to it:"),
      h("div", { class: "form-buttons" }, close.map((local) => button(local.replace("T", " "), () => this.take(local)))));
  }

  take(local) {
    [this.date.value, this.time.value] = local.split("T");
    for (const one of Object.values(this.fields)) one.setError("");
    this.changed();
    this.time.focus();
  }
}
