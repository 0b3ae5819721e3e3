/* The schedules of a page: list, make, cancel. */

import { EDITOR, historyAddress, pageAddress, siteAddress } from "../lib/addresses.js";
import { announce } from "../lib/announce.js";
import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { watch } from "../lib/events.js";
import { icon } from "../lib/icons.js";
import { button, screenHead } from "../lib/parts.js";
import { may } from "../lib/session.js";
import { unpublished } from "../history/now-panel.js";
import { refreshList } from "../history/refresh.js";
import { Work } from "../history/work.js";
import { newSchedule } from "../schedule/new-schedule.js";
import { scheduleList } from "../schedule/schedule-list.js";

const LOOK_AGAIN_MS = 15_000;
const AFTER_EVENTS_MS = 150;

export async function show(context) {
  const { parameters: { site, page }, signal } = context;
  const work = new Work(context);
  await work.load();
  // Of a page that is not there either, the API says so in its own words.
  if (!work.state && !work.hasDraft) await get(work.path, { signal });
  const canPublish = may("publish", site);
  const open = async () => {
    await work.load();
    newSchedule(work, await differs(work), refresh);
  };
  const refresh = async () => {
    await work.load();
    await refreshList(list);
  };
  const create = canPublish ? open : null;
  const list = scheduleList({ work, signal, canCancel: canPublish, create });
  await list.reload();
  keepTrue(list, { site, page }, signal);
  return { title: `Schedule of ${page}`, element: h("div", { class: "screen" }, head(site, page, create), warning(list), list.element) };
}

/** Whether there is a draft, and another one than the newest version. */
async function differs(work) {
  return work.hasDraft && (work.newest === 0 || (await unpublished(work)).length > 0);
}

function head(site, page, create) {
  return screenHead({
    title: `Schedule of ${page}`,
    crumbs: [["Sites", EDITOR], [site, siteAddress(site)], may("draft", site) && [page, pageAddress(site, page)]].filter(Boolean),
    actions: [h("a", { class: "button", href: historyAddress(site, page) }, "History"), create && button("New schedule", create, { kind: "primary", drawing: "add" })],
  });
}

/** What is overdue is said on top as well, and once to screen readers. */
function warning(list) {
  const element = h("div", { class: "form-problem schedule-warning", role: "alert", hidden: true });
  list.onShown = () => {
    const late = [...list.items.values()].filter(({ state, is_overdue: isOverdue }) => state === "scheduled" && isOverdue);
    element.hidden = late.length === 0;
    const text = `${late.length === 1 ? "One schedule is" : `${late.length} schedules are`} overdue. Platen goes on trying; is a builder running?`;
    if (late.length > 0 && element.textContent !== text) {
      element.replaceChildren(icon("warning"), h("p", {}, text));
      announce(text, { assertive: true });
    }
  };
  list.onShown();
  return element;
}

/** By the events of the page, and now and then besides: that something is overdue is no event. */
function keepTrue(list, what, signal) {
  let timer;
  const look = async () => {
    await refreshList(list);
    list.onShown?.();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, AFTER_EVENTS_MS);
  };
  watch(what, { onEvent: ({ type }) => type !== "snapshot" && soon() }, { signal });
  const clock = setInterval(() => document.visibilityState === "visible" && look(), LOOK_AGAIN_MS);
  signal.addEventListener("abort", () => clearInterval(clock), { once: true });
}
