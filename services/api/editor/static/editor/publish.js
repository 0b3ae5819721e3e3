/* Publishing what stands in the editor: asks for a note, saves it as a version, and hands it to the tray. */

import { send } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field } from "../lib/forms.js";
import { tray } from "../tray/store.js";

const LONGEST_NOTE = 500;

/**
 * Ask for a note.
 * @param {{unchanged: number|false, begun: string}} known the version that is live where nothing differs from it, and the
 *   note of a try that did not come to anything
 * @returns {Promise<string|undefined>} the note, undefined where it was called off
 */
export async function askForNote({ unchanged, begun }) {
  const note = h("input", { type: "text", name: "note", value: begun, maxLength: LONGEST_NOTE, autocomplete: "off" });
  const remark = unchanged && h("p", { class: "note small" }, `Nothing differs from v${unchanged}, which is live.`);
  const form = h("form", { class: "form", noValidate: true },
    remark,
    field({ label: "What changed?", hint: "Others read this in the history.", control: note, isOptional: true }),
    h("div", { class: "dialog-buttons" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
      h("button", { type: "submit", class: "button button-primary" }, "Publish")));
  const dialog = openDialog({ title: "Publish this page", content: form });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close(note.value.trim());
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  note.focus();
  return dialog.closed;
}

/**
 * Save a config as a version and make it live.
 * @param {{site: string, page: string, path: string, config: object, note: string, widgets: string[],
 *   idempotencyKey: string}} what
 * @returns {Promise<object>} the version
 */
export async function publish({ site, page, path, config, note, widgets, idempotencyKey }) {
  const { body } = await send("POST", `${path}/versions`, { config, publish: true, note }, { idempotencyKey });
  tray.add({ site, page, title: config.title, widgets, record: body.publication });
  return body.version;
}
