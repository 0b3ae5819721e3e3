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
const DRAFT = "draft";

/**
 * @param {import("../history/work.js").Work} work the page as it is now
 * @param {boolean} hasChanges whether the draft is offered as well
 * @param {function(): Promise} onMade called once it is made
 */
export function newSchedule(work, hasChanges, onMade) {
  const when = new WhenFields();
  const version = h("select", { name: "version" }, options([...(hasChanges ? [draft(work)] : []), ...versions(work)]));
  const versionField = field({ label: "Version", control: version });
  const choose = (event) => (versionField.hidden = event.target.value !== "publish");
  const form = h("form", {}, actions(choose), versionField, when.element,
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton("Schedule")));
  const dialog = openDialog({ title: "Schedule", content: form, isWide: true });
  onSubmit(form, async ({ action }, { idempotencyKey }) => {
    const asked = when.value();
    if (!asked) return;
    const chosen = action === "publish" ? { version: await numberOf(version, work) } : {};
    const { body } = await send("POST", `${work.path}/schedules`, { action, ...chosen, ...asked }, { idempotencyKey });
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

/** The number of what is chosen. A draft becomes a version, once: what is scheduled does not change any more. */
async function numberOf(select, { path, draft: { config } = {} }) {
  if (select.value !== DRAFT) return Number(select.value);
  const { body: { version } } = await send("POST", `${path}/versions`, { config, publish: false, note: "" }).catch(notFinished);
  Object.assign(select.selectedOptions[0], { value: String(version.number), textContent: `v${version.number}, the draft as it was saved just now` });
  return version.number;
}

function notFinished(problem) {
  if (problem.status !== 422) throw problem;
  throw Object.assign(problem, { errors: [], detail: `The draft is not finished: ${problem.detail}` });
}

function draft(work) {
  return [DRAFT, `The draft as it is now, saved as v${work.newest + 1}`];
}

function versions(work) {
  const count = Math.min(MOST_VERSIONS, work.newest);
  return Array.from({ length: count }, (_, at) => work.newest - at).map((number) => [String(number), `v${number}${mark(work, number)}`]);
}

function mark(work, number) {
  const words = [number === work.newest && "the newest", number === work.live && "live now"].filter(Boolean);
  return words.length > 0 ? `, ${words.join(", ")}` : "";
}
