/* The head of the page editor: where one is, how saving and the page stand, and what can be done. */

import { historyAddress, scheduleAddress, siteAddress, visitorsAddress } from "../lib/addresses.js";
import { openDialog } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { link } from "../lib/router.js";
import { may } from "../lib/session.js";
import { status } from "../lib/status.js";
import { iconButton, setDisabled } from "./fields/group.js";
import { KEYS } from "./keys.js";

export class Head {
  constructor({ editor, saving, presence, panes }) {
    Object.assign(this, { editor, isPublishing: false });
    const { site, page } = editor;
    this.name = h("h1", {}, editor.title);
    this.live = h("span", { class: "page-live" });
    this.undo = iconButton("undo", "Undo (Ctrl+Z)", () => editor.undo());
    this.redo = iconButton("redo", "Do it again (Ctrl+Shift+Z)", () => editor.redo());
    this.publish = publishButton(() => editor.publish());
    this.element = h("header", { class: "page-head" },
      h("nav", { class: "crumbs", "aria-label": "Where you are" }, link(siteAddress(site), site), icon("next"), h("span", {}, page)),
      h("div", { class: "page-title" }, this.name, this.live),
      h("div", { class: "page-states" }, saving, presence),
      h("div", { class: "page-actions" }, panes.tabs, this.undo, this.redo, iconButton("help", "Keys", showKeys),
        h("a", { class: "button button-quiet", href: historyAddress(site, page) }, "History"),
        may("publish", site) && h("a", { class: "button button-quiet", href: scheduleAddress(site, page) }, "Schedule"),
        may("publish", site) && this.publish));
    this.update();
    this.#showLive();
    editor.standing.addEventListener("change", () => this.#showLive(), { signal: editor.signal });
  }

  update() {
    const { model, title } = this.editor;
    if (this.name.textContent !== title) this.name.textContent = title;
    setDisabled(this.undo, !model.canUndo);
    setDisabled(this.redo, !model.canRedo);
  }

  /** While it is on its way nobody can send it twice. */
  setPublishing(isPublishing) {
    this.isPublishing = isPublishing;
    this.publish.textContent = isPublishing ? "Publishing…" : "Publish";
    setDisabled(this.publish, isPublishing);
  }

  #view() {
    const { site, page } = this.editor;
    return h("a", { class: "button button-quiet button-small", href: visitorsAddress(site, page), target: "_blank", rel: "noopener" },
      "View", h("span", { class: "visually-hidden" }, " the live page in a new tab"), icon("external"));
  }

  #showLive() {
    const { version, isSame } = this.editor.standing;
    this.live.dataset.same = { true: "yes", false: "no" }[isSame] ?? "unknown";
    if (version === 0) fill(this.live, status("draft", "not live"));
    else fill(this.live, status("live", `v${version} is live`), isSame === false && status("draft", "changes not published"), this.#view());
  }
}

function publishButton(onclick) {
  return h("button", { type: "button", class: "button button-primary", title: "Publish (Ctrl+Enter)", onclick }, "Publish");
}

function showKeys() {
  const list = h("dl", { class: "keys" }, KEYS.map(([keys, what]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, what)]));
  const dialog = openDialog({
    title: "Keys",
    content: [list, h("div", { class: "dialog-buttons" }, h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close"))],
  });
}
