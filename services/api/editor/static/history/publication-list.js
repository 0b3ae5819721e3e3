/* Every time somebody asked for something to be live: how it went, step by step. */

import { get, send } from "../lib/api.js";
import { toast } from "../lib/announce.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button } from "../lib/parts.js";
import { status, STATE_WORDS } from "../lib/status.js";
import { clock, duration, when } from "../lib/time.js";
import { servers } from "./now-panel.js";
import { refreshList, stretch } from "./refresh.js";

const COLUMNS = [
  { label: "Publication", class: "table-main" },
  { label: "State" },
  { label: "Asked for" },
  { label: "Steps" },
  { label: "Actions", class: "table-end", isHidden: true },
];
const CAUSES = { publish: "Published", rollback: "Rolled back", refresh: "Built anew", unpublish: "Unpublished", move: "Moved", schedule: "By schedule" };
const CANCELLABLE = new Set(["queued", "retrying"]);

export function publicationList(work) {
  const list = new PagedList({
    load: (cursor, signal) => get(`${work.path}/publications${stretch(list, cursor)}`, { signal }),
    caption: "Publications, newest first", columns: COLUMNS, keyOf: ({ seq }) => seq,
    cells: (publication) => cells(work, publication), signal: work.signal, more: "Show older publications",
    empty: () => emptyState({ drawing: "clock", title: "Nothing was published yet", text: "Each publish, rollback and unpublish will stand here.", level: "h3" }),
  });
  work.onChange(() => refreshList(list));
  return { element: list.element, load: () => list.reload() };
}

function cells(work, publication) {
  const { seq, version, cause, state, steps } = publication;
  return [
    [h("span", { class: "number muted" }, `#${seq} `), h("strong", {}, version ? `v${version}` : "Page taken off"),
      h("div", { class: "small" }, CAUSES[cause] ?? cause)],
    [status(state, version ? undefined : "Unpublished"), why(publication)],
    [when(steps[0].at), steps[0].by && h("div", { class: "muted small" }, `by ${steps[0].by}`)],
    course(publication),
    work.can.publish && CANCELLABLE.has(state) && button(["Cancel", h("span", { class: "visually-hidden" }, ` publication ${seq}`)], () => cancel(work, seq), { kind: "small" }),
  ].map((cell) => cell || "");
}

/** Why it did not go live, or what keeps it. */
function why({ state, failure, superseded_by: by, version, served }) {
  if (state === "superseded" && by) return h("div", { class: "muted small" }, `by #${by}`);
  if (state === "live") return h("div", { class: "muted small" }, version ? servers(served) : "");
  if (!failure) return null;
  return h("div", { class: "history-failure small" }, icon("warning"), h("span", {}, failure.reason, failure.pointer && h("code", {}, ` ${failure.pointer}`)));
}

/** Each step with how long after the one before. */
function course({ steps }) {
  return h("ol", { class: "history-steps small number" }, steps.map((step, at) => h("li", { title: clock(step.at) },
    STATE_WORDS[step.state] ?? step.state, at > 0 && h("span", { class: "muted" }, ` +${duration(step.at - steps[at - 1].at)}`))));
}

async function cancel(work, seq) {
  try {
    await send("DELETE", `${work.path}/publications/${seq}`);
    toast(`Publication ${seq} is cancelled.`);
  } catch (error) {
    if (error.name !== "Problem") throw error;
    toast(error.detail, { kind: "problem" });
  }
  await work.refresh();
}
