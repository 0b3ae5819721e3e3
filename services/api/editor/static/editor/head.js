/* The head of the page editor: where one is, how saving and the page stand, and what can be done. */

import { historyAddress, scheduleAddress, siteAddress } from "../lib/addresses.js";
import { openDialog } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { watch } from "../lib/events.js";
import { icon } from "../lib/icons.js";
import { link } from "../lib/router.js";
import { may } from "../lib/session.js";
import { status } from "../lib/status.js";
import { iconButton, setDisabled } from "./fields/group.js";
import { KEYS } from "./keys.js";

export class Head {
  constructor({ editor, saving, presence, panes, state }) {
    Object.assign(this, { editor, liveVersion: state?.live?.version ?? 0 });
    const { site, page } = editor;
    this.name = h("h1", {}, editor.title);
    this.live = h("span", { class: "page-live" });
    this.undo = iconButton("undo", "Undo (Ctrl+Z)", () => editor.undo());
    this.redo = iconButton("redo", "Do it again (Ctrl+Shift+Z)", () => editor.redo());
    this.element = h("header", { class: "page-head" },
      h("nav", { class: "crumbs", "aria-label": "Where you are" }, link(siteAddress(site), site), icon("next"), h("span", {}, page)),
      h("div", { class: "page-title" }, this.name, this.live),
      h("div", { class: "page-states" }, saving, presence),
      h("div", { class: "page-actions" }, panes.tabs, this.undo, this.redo, iconButton("help", "Keys", showKeys),
        h("a", { class: "button button-quiet", href: historyAddress(site, page) }, "History"),
        may("publish", site) && h("a", { class: "button button-quiet", href: scheduleAddress(site, page) }, "Schedule"),
        may("publish", site) && publishButton(() => editor.publish())));
    this.update();
    this.#showLive();
    watch({ site }, { onEvent: (event) => this.#take(event) }, { signal: editor.signal });
  }

  update() {
    const { model, title } = this.editor;
    if (this.name.textContent !== title) this.name.textContent = title;
    setDisabled(this.undo, !model.canUndo);
    setDisabled(this.redo, !model.canRedo);
  }

  #take({ type, data }) {
    const { page } = this.editor;
    if (type === "snapshot") this.#becomeLive(data.pages?.find((known) => known.page === page)?.live?.version ?? this.liveVersion);
    else if (data.page === page && type === "page-built") this.#becomeLive(data.version);
    else if (data.page === page && type === "page-unpublished") this.#becomeLive(0);
  }

  #becomeLive(version) {
    if (version === this.liveVersion) return;
    this.liveVersion = version;
    this.#showLive();
  }

  #showLive() {
    fill(this.live, this.liveVersion > 0 ? status("live", `v${this.liveVersion} is live`) : status("draft", "not live"));
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
