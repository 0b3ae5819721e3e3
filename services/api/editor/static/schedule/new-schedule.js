/* Asks what is to happen, and when. */

import { toast } from "../lib/announce.js";
import { send } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { clearErrors, field, onSubmit, submitButton } from "../lib/forms.js";
import { button, options } from "../lib/parts.js";
import { clockShort } from "../lib/time.js";
import { WhenFields } from "./when-fields.js";

const MOST_VERSIONS = 50;

/** @param {object} page as the API shows it @param {function} onMade called once it is made */
export function newSchedule(path, page, onMade) {
  const when = new WhenFields();
  const version = h("select", { name: "version" }, options(versions(page)));
  const versionField = field({ label: "Version", control: version });
  const choose = (event) => (versionField.hidden = event.target.value !== "publish");
  const form = h("form", {}, actions(choose), versionField, when.element,
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton("Schedule")));
  const dialog = openDialog({ title: "Schedule", content: form, isWide: true });
  onSubmit(form, async ({ action }) => {
    const asked = when.value();
    if (!asked) return;
    const chosen = action === "publish" ? { version: Number(version.value) } : {};
    const { body } = await send("POST", `${path}/schedules`, { action, ...chosen, ...asked });
    dialog.close();
    toast(`Scheduled for ${clockShort(body.at)}, your time.`);
    await onMade();
  });
  clearErrors(form);
}

function actions(onchange) {
  const one = (value, text, checked) => h("label", { class: "check" }, h("input", { type: "radio", name: "action", value, checked, onchange }), text);
  return h("fieldset", {}, h("legend", { class: "field-label" }, "What is to happen"),
    one("publish", "Publish a version", true), one("unpublish", "Take the page off", false));
}

function versions(page) {
  const count = Math.min(MOST_VERSIONS, page.versions);
  return Array.from({ length: count }, (_, at) => page.versions - at).map((number) => [String(number), `v${number}${mark(page, number)}`]);
}

function mark(page, number) {
  const words = [number === page.versions && "the newest", number === page.live?.version && "live now"].filter(Boolean);
  return words.length > 0 ? `, ${words.join(", ")}` : "";
}
