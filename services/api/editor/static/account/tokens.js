/* Tokens by which scripts act for somebody: never with a wider role than their own, and shown once. */

import { allSites } from "../lib/all-sites.js";
import { toast } from "../lib/announce.js";
import { get, send } from "../lib/api.js";
import { copyable } from "../lib/copy.js";
import { ask, openDialog } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button, options, section } from "../lib/parts.js";
import { ROLES } from "../lib/roles.js";
import { rolesShown } from "../accounts/roles-shown.js";
import { clockShort, day, when } from "../lib/time.js";

const COLUMNS = [
  { label: "Token", class: "table-main" },
  { label: "May" },
  { label: "Expires" },
  { label: "Last used" },
  { label: "Actions", class: "table-end", isHidden: true },
];
const EXPIRIES = [["7", "In a week"], ["30", "In 30 days"], ["90", "In 90 days"], ["365", "In a year"]];
const NARROWER = {
  viewer: ["viewer"],
  editor: ["viewer", "editor"],
  publisher: ["viewer", "editor", "publisher"],
  operator: ["viewer", "operator"],
};

export async function tokensPart(session, signal) {
  const news = h("div");
  const list = new PagedList({
    load: (cursor, stop) => get(`/tokens${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`, { signal: stop }),
    caption: "Your API tokens", columns: COLUMNS, keyOf: (token) => token.id, cells: (token) => cells(token, list), signal,
    empty: () => emptyState({ drawing: "key", title: "No tokens yet", text: "A token lets a script or the command line act for you.", level: "h3" }),
  });
  await list.reload();
  const isMember = Object.keys(session.roles).length > 0;
  const actions = [isMember && button("New token", () => newToken(session, list, news), { drawing: "add" })];
  return section({ title: "API tokens", text: "For scripts, and for the platen command.", actions }, news, list.element);
}

function cells(token, list) {
  return [
    [token.name, h("div", { class: "muted small" }, `ends with ${token.last}`)],
    rolesShown(token.roles),
    h("span", { title: clockShort(token.expires_at) }, day(token.expires_at)),
    token.used_at ? when(token.used_at) : h("span", { class: "muted" }, "not yet"),
    button(["Revoke", h("span", { class: "visually-hidden" }, ` ${token.name}`)], () => revoke(token, list), { kind: "quiet small danger" }),
  ];
}

async function newToken(session, list, news) {
  const all = await allSites();
  const places = [...("*" in session.roles ? [["*", "Every site"]] : []), ...all.map((site) => [site.slug, site.title])];
  const name = h("input", { type: "text", name: "name", required: true, maxLength: 80, autocomplete: "off" });
  const site = h("select", { name: "site" }, options(places, places[0]?.[0]));
  const role = h("select", { name: "role" });
  const offerRoles = () => fill(role, options(grantable(session.roles, site.value), role.value));
  site.addEventListener("change", offerRoles);
  offerRoles();
  const form = h("form", {},
    field({ label: "Name", hint: "What it is for, such as: nightly prices.", control: name }),
    h("div", { class: "form-row" },
      field({ label: "Site", control: site, pointer: "/sites" }),
      field({ label: "Role", control: role })),
    field({ label: "Expires", control: h("select", { name: "expires" }, options(EXPIRIES, "90")), pointer: "/expires_in_days" }),
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton("Make the token")));
  const dialog = openDialog({ title: "New token", content: form });
  onSubmit(form, async (values) => {
    const sites = values.site === "*" ? null : [values.site];
    const asked = { name: values.name.trim(), role: values.role, sites, expires_in_days: Number(values.expires) };
    const { body } = await send("POST", "/tokens", asked);
    dialog.close();
    fill(news, shownOnce(asked.name, body.token));
    news.querySelector("input").focus();
    await list.reload({ isQuiet: true });
  });
  name.focus();
}

/** Roles no wider than one's own there: the API refuses others, now and at each use. */
function grantable(roles, site) {
  const held = [roles["*"], roles[site]];
  if (held.includes("admin")) return ROLES;
  const found = new Set(held.flatMap((role) => NARROWER[role] ?? []));
  return ROLES.filter(([role]) => found.has(role));
}

function shownOnce(name, token) {
  return h("div", { class: "once" },
    h("p", {}, h("strong", {}, `Keep the token ${name} now.`), " It is shown only this once; whoever has it can do what it may."),
    copyable({ label: `Token ${name}`, text: token }));
}

async function revoke(token, list) {
  const text = "Scripts that use it are refused from now on.";
  if (!(await ask({ title: `Revoke ${token.name}?`, text, confirm: "Revoke", danger: true }))) return;
  try {
    await send("DELETE", `/tokens/${encodeURIComponent(token.id)}`);
    list.remove(token.id);
    toast(`${token.name} is revoked.`);
  } catch (problem) {
    if (problem.name !== "Problem") throw problem;
    toast(problem.detail, { kind: "problem" });
  }
}
