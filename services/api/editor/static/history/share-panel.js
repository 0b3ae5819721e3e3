/* Links under which people without an account see the draft or a version for a while. */

import { toast } from "../lib/announce.js";
import { get, send } from "../lib/api.js";
import { copyable, copyButton } from "../lib/copy.js";
import { ask, openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button, options } from "../lib/parts.js";
import { clockShort, when } from "../lib/time.js";

const COLUMNS = [
  { label: "What it shows", class: "table-main" },
  { label: "Made" },
  { label: "Ends" },
  { label: "Actions", class: "table-end", isHidden: true },
];
const HOUR_S = 3_600;
const ENDS = [[HOUR_S, "in an hour"], [24 * HOUR_S, "in a day"], [7 * 24 * HOUR_S, "in a week"], [30 * 24 * HOUR_S, "in 30 days"]];

export function sharePanel(work) {
  const list = new PagedList({
    load: (_cursor, signal) => get(`${work.path}/shares`, { signal }),
    caption: "Share links", columns: COLUMNS, keyOf: ({ id }) => id, cells: (share) => cells(work, list, share), signal: work.signal,
    empty: () => emptyState({ drawing: "people", title: "No link is open", level: "h3", text: "Somebody without an account shall see the draft? Make a link for them; it ends by itself, or when you say so." }),
  });
  return { element: list.element, load: () => list.reload(), create: () => create(work, list) };
}

function cells(work, list, share) {
  const { version, by, created_at: at, expires_at: end, url } = share;
  const copy = copyButton(location.origin + url, "Copy link");
  copy.classList.add("button-small");
  return [
    version ? `v${version}` : "The draft, as it was then",
    [when(at), by && h("div", { class: "muted small" }, `by ${by}`)],
    [when(end), h("div", { class: "muted small" }, clockShort(end))],
    [copy, button(["Revoke", h("span", { class: "visually-hidden" }, ` the link to ${version ? `v${version}` : "the draft"}`)], () => revoke(work, list, share), { kind: "danger small" })],
  ];
}

/** Others may have saved the draft since the screen was shown, and no event says so. */
async function create(work, list) {
  await work.load();
  const what = [work.hasDraft && ["draft", "The draft as it is now"], ...versions(work)].filter(Boolean);
  const form = h("form", {},
    field({ label: "Show", control: h("select", { name: "what" }, options(what)), pointer: "/config" }),
    field({ label: "It ends", control: h("select", { name: "ends", value: String(ENDS[2][0]) }, options(ENDS)), pointer: "/expires_in_s" }),
    h("p", { class: "muted small" }, "Whoever has the link sees the page, without signing in. Search engines are kept out."),
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton("Make a link")));
  const dialog = openDialog({ title: "Share a preview", content: form });
  onSubmit(form, async ({ what: chosen, ends }, { idempotencyKey }) => {
    const shown = chosen === "draft" ? { config: work.draft.config } : { version: Number(chosen) };
    const { body } = await send("POST", `${work.path}/shares`, { ...shown, expires_in_s: Number(ends) }, { idempotencyKey });
    dialog.close();
    await list.reload({ isQuiet: true });
    await handOver(body);
  });
}

/** The newest versions and the live one; an older one can be shown by its permanent link. */
function versions(work) {
  const newest = Array.from({ length: Math.min(20, work.newest) }, (_, at) => work.newest - at);
  const numbers = work.live && !newest.includes(work.live) ? [...newest, work.live] : newest;
  return numbers.map((number) => [String(number), `v${number}${number === work.live ? ", which is live" : ""}`]);
}

async function handOver({ url, expires_at: end }) {
  const done = button("Done", () => dialog.close(), { kind: "primary" });
  const dialog = openDialog({ title: "The link is ready", content: [
    copyable({ label: "Link", text: location.origin + url }),
    h("p", { class: "muted small" }, `It ends on ${clockShort(end)}, or when you revoke it.`),
    h("div", { class: "dialog-buttons" }, h("a", { class: "button", href: url, target: "_blank", rel: "noopener" }, "Open", h("span", { class: "visually-hidden" }, " in a new tab")), done),
  ] });
  await dialog.closed;
}

async function revoke(work, list, { id }) {
  const isSure = await ask({ title: "Revoke this link?", text: "Whoever has it sees the page no more, at once. It cannot be opened again; you can make another.", confirm: "Revoke", danger: true });
  if (!isSure) return;
  try {
    await send("DELETE", `${work.path}/shares/${id}`);
    list.remove(id);
    toast("The link is revoked.");
  } catch (error) {
    if (error.name !== "Problem") throw error;
    toast(error.detail, { kind: "problem" });
  }
}
