/* What is to happen to a page and when, and what became of it. */

import { toast } from "../lib/announce.js";
import { get, send } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button } from "../lib/parts.js";
import { status } from "../lib/status.js";
import { clock, duration, when } from "../lib/time.js";
import { refreshList, stretch } from "../history/refresh.js";
import { ownZone } from "./local-time.js";

const COLUMNS = [
  { label: "What", class: "table-main" },
  { label: "When" },
  { label: "State" },
  { label: "Made" },
  { label: "Actions", class: "table-end", isHidden: true },
];

export function scheduleList({ work, signal, canCancel, create }) {
  const { path } = work;
  const list = new PagedList({
    // A page of which there is a draft alone has no schedules, and is none to the rest of the API.
    load: async (cursor, stop) => (work.state ? get(`${path}/schedules${stretch(list, cursor)}`, { signal: stop }) : { items: [], next: null }),
    caption: "Schedules, those made last first", columns: COLUMNS, keyOf: ({ id }) => id, signal, more: "Show older ones",
    cells: (schedule) => cells(schedule, canCancel && (() => cancel(path, schedule, list))),
    empty: () => emptyState({
      drawing: "clock", title: "Nothing is scheduled",
      text: "Let a version go live, or take the page off, at an instant to come. It happens whether or not anybody is there.",
      actions: [create && button("Schedule something", create, { kind: "primary" })],
    }),
  });
  return list;
}

function cells(schedule, onCancel) {
  const { action, version, state, by, created_at: made } = schedule;
  const isOpen = state === "scheduled";
  return [
    h("strong", {}, action === "publish" ? `Publish v${version}` : "Unpublish"),
    due(schedule),
    [isOpen && schedule.is_overdue ? overdue() : status(state), outcome(schedule)],
    [made ? when(made) : "", by && h("div", { class: "muted small" }, `by ${by}`)],
    isOpen && onCancel && button(["Cancel", h("span", { class: "visually-hidden" }, ` schedule ${schedule.id}`)], onCancel, { kind: "danger small" }),
  ].map((cell) => cell || "");
}

function due({ local, zone, at }) {
  const own = zone === ownZone() ? "" : h("div", { class: "muted small" }, `your time: ${clock(at)}`);
  return [h("span", { class: "number" }, local.replace("T", " ")), h("div", { class: "muted small" }, zone), own, h("div", { class: "small" }, when(at))];
}

/** Loud: something that was promised has not happened. */
const overdue = () => h("strong", { class: "schedule-overdue" }, icon("warning"), "Overdue");

function outcome({ state, late_ms: late, publication_seq: seq, failure, cancelled_by: by }) {
  if (state === "done") return h("div", { class: "muted small" }, `as publication #${seq}, ${duration(late)} after it was due`);
  if (state === "failed") return h("div", { class: "history-failure small" }, icon("warning"), h("span", {}, failure?.reason ?? "It could not be done."));
  return state === "cancelled" && by ? h("div", { class: "muted small" }, `by ${by}`) : null;
}

async function cancel(path, { id, action, version }, list) {
  const what = action === "publish" ? `v${version} will not go live by itself.` : "The page will not be taken off by itself.";
  if (!(await ask({ title: "Cancel this schedule?", text: what, confirm: "Cancel the schedule", cancel: "Keep it", danger: true }))) return;
  try {
    await send("DELETE", `${path}/schedules/${id}`);
    toast("The schedule is cancelled.");
  } catch (error) {
    if (error.name !== "Problem") throw error;
    toast(error.detail, { kind: "problem" });
  }
  await refreshList(list);
}
