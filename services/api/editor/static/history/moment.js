/* What visitors got at an instant. */

import { get } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { clock, clockShort } from "../lib/time.js";
import { permanent } from "./work.js";
import { comparisonAddress } from "./addresses.js";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function moment(work) {
  const control = h("input", { type: "datetime-local", name: "at", step: 1, required: true, max: "9999-12-31T23:59:59" });
  const answer = h("div", { class: "history-moment-answer", role: "status" });
  const form = h("form", { class: "history-moment" }, field({ label: "Date and time", hint: `In your time zone, ${ZONE}.`, control }), submitButton("Show", "small"));
  onSubmit(form, async ({ at }) => fill(answer, told(work, await get(`${work.path}/live?at=${new Date(at).getTime()}`, { signal: work.signal }))));
  return h("div", { class: "history-moment-panel" }, form, answer);
}

function told(work, { at, version, publication }) {
  const then = h("time", { dateTime: new Date(at).toISOString() }, clock(at));
  if (!version) return h("p", {}, "On ", then, publication ? [", the page was not there: it was taken off ", since(publication), "."] : ", the page was not published yet.");
  return [
    h("p", {}, "On ", then, ", visitors got ", h("strong", {}, `v${version}`), ", live ", since(publication), "."),
    h("div", { class: "history-now-actions" },
      h("a", { class: "button button-small", href: permanent(work, version), target: "_blank", rel: "noopener" }, `See v${version}`, h("span", { class: "visually-hidden" }, " in a new tab")),
      work.live > 0 && work.live !== version && h("a", { class: "button button-small", href: comparisonAddress(work, version, work.live) }, `Compare with v${work.live}, which is live`)),
  ];
}

function since(publication) {
  const by = publication.steps[0].by;
  return `since ${clockShort(publication.steps.at(-1).at)}${by ? `, by ${by}` : ""}`;
}
