/* Where somebody is signed in. */

import { toast } from "../lib/announce.js";
import { get, send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button, section } from "../lib/parts.js";
import { when } from "../lib/time.js";

const COLUMNS = [
  { label: "Browser", class: "table-main" },
  { label: "Signed in" },
  { label: "Last seen" },
  { label: "Actions", class: "table-end", isHidden: true },
];

/** @returns {Promise<{element: HTMLElement, reload: function(): Promise}>} */
export async function sessionsPart(signal) {
  const list = new PagedList({
    load: (cursor, stop) => get("/sessions", { signal: stop }),
    caption: "Your sessions", columns: COLUMNS, keyOf: (session) => session.id, cells: (session) => cells(session, list), signal,
    empty: () => emptyState({ drawing: "key", title: "No sessions", level: "h3" }),
  });
  await list.reload();
  const element = section({ title: "Where you are signed in", text: "End whatever you do not know." }, list.element);
  return { element, reload: () => list.reload({ isQuiet: true }) };
}

function cells(session, list) {
  const name = browserOf(session.agent ?? session.user_agent ?? "");
  return [
    [name, session.is_current && h("span", { class: "muted small" }, " (this one)")],
    session.created_at ? when(session.created_at) : "",
    session.seen_at ? when(session.seen_at) : "",
    !session.is_current && button(["End", h("span", { class: "visually-hidden" }, ` the session of ${name}`)], () => end(session, list), { kind: "quiet small danger" }),
  ];
}

async function end(session, list) {
  try {
    await send("DELETE", `/sessions/${encodeURIComponent(session.id)}`);
    list.remove(session.id);
    toast("The session is ended.");
  } catch (problem) {
    if (problem.name !== "Problem") throw problem;
    toast(problem.detail, { kind: "problem" });
  }
}

// The first that fits: most browsers also claim to be several others.
const BROWSERS = [["Firefox", /Firefox\//], ["Edge", /Edg\//], ["Opera", /OPR\//], ["Chrome", /Chrome\//], ["Safari", /Safari\//]];
const SYSTEMS = [["Android", /Android/], ["an iPhone", /iPhone/], ["an iPad", /iPad/], ["Windows", /Windows/], ["a Mac", /Macintosh/], ["Linux", /Linux/]];

export function browserOf(agent) {
  const [browser, system] = [BROWSERS, SYSTEMS].map((kinds) => kinds.find(([, pattern]) => pattern.test(agent))?.[0]);
  if (!browser) return "Some browser";
  return system ? `${browser} on ${system}` : browser;
}
