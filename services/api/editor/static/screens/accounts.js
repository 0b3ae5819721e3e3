/* Everybody who can sign in, and what they may do. */

import { fill, h } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button, screenHead } from "../lib/parts.js";
import { current, may } from "../lib/session.js";
import { when } from "../lib/time.js";
import { changeRoles, newAccount, newLink, removeAccount } from "../accounts/changing.js";
import { invitationNote } from "../accounts/invitation-note.js";
import { rolesShown } from "../accounts/roles-shown.js";

const COLUMNS = [
  { label: "Name", class: "table-main" },
  { label: "Roles" },
  { label: "Since" },
  { label: "Actions", class: "table-end", isHidden: true },
];

export async function show({ signal }) {
  const title = "Accounts";
  if (!may("administer")) return { title, element: notYours() };
  const news = h("div");
  const tell = (name, invitation) => fill(news, invitation ? invitationNote(name, invitation) : []);
  const list = new PagedList({
    load: (cursor, stop) => get(`/accounts${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`, { signal: stop }),
    caption: title, columns: COLUMNS, keyOf: (account) => account.id, cells: (account) => cells(account, list, tell), signal,
    empty: () => emptyState({ drawing: "people", title: "No accounts yet", text: "Make one for everybody who writes or publishes." }),
  });
  await list.reload();
  const actions = [button("New account", () => newAccount(list, tell), { kind: "primary", drawing: "add" })];
  const head = screenHead({ title, text: "Who can sign in, and what they may do.", actions });
  return { title, element: h("div", { class: "screen" }, head, h("div", { class: "panel" }, news, list.element)) };
}

function cells(account, list, tell) {
  const named = (text) => [text, h("span", { class: "visually-hidden" }, ` of ${account.name}`)];
  const isSelf = account.id === current()?.account.id;
  return [
    [account.name, account.joined_at === 0 && h("span", { class: "muted small" }, " (invited)"), isSelf && h("span", { class: "muted small" }, " (you)")],
    rolesShown(account.roles),
    account.created_at ? when(account.created_at) : "",
    [
      button(named("Roles"), () => changeRoles(account, list), { kind: "quiet small" }),
      button(named("New link"), () => newLink(account, tell), { kind: "quiet small" }),
      !isSelf && button(["Remove", h("span", { class: "visually-hidden" }, ` ${account.name}`)], () => removeAccount(account, list), { kind: "quiet small danger" }),
    ],
  ];
}

function notYours() {
  const text = "Only administrators see all accounts. Members of a site are in its settings.";
  return h("div", { class: "screen" }, emptyState({ drawing: "key", title: "Not yours to see", text, level: "h1" }));
}
