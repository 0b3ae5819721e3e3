/* Who may do what on a site. */

import { announce, toast } from "../lib/announce.js";
import { get, send } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button, options, section } from "../lib/parts.js";
import { ROLES, roleWord } from "../lib/roles.js";
import { invitationNote } from "../accounts/invitation-note.js";

const COLUMNS = [{ label: "Name", class: "table-main" }, { label: "Role" }, { label: "Actions", class: "table-end", isHidden: true }];

export async function membersPart(site, signal) {
  const path = `/sites/${encodeURIComponent(site.slug)}/members`;
  const news = h("div");
  const inTurn = turns();
  const list = new PagedList({
    load: (cursor, stop) => get(path, { signal: stop }),
    caption: `Members of ${site.title}`, columns: COLUMNS, keyOf: (member) => member.account.id, signal,
    cells: (member) => cells(member, path, site, list, inTurn),
    empty: () => emptyState({ drawing: "people", title: "No members yet", text: "Administrators can do everything here all the same.", level: "h3" }),
  });
  await list.reload();
  const text = "Members may do on this site what their role says. Roles that somebody has on every site come on top.";
  return section({ title: "Members", text }, list.element, news, addForm(path, list, news));
}

/** Does one thing after the other: of two that are sent at once, the earlier one may come last. */
function turns() {
  let last = Promise.resolve();
  return (act) => (last = last.catch(() => {}).then(act));
}

function cells(member, path, site, list, inTurn) {
  const { name } = member.account;
  const role = h("select", { "aria-label": `Role of ${name}` }, options(ROLES, member.role));
  role.addEventListener("change", () => {
    const chosen = role.value;
    inTurn(() => change(member, chosen, path, list));
  });
  return [name, role, button([`Remove`, h("span", { class: "visually-hidden" }, ` ${name}`)], () => remove(member, path, site, list), { kind: "quiet small danger" })];
}

async function change(member, role, path, list) {
  try {
    await send("PUT", `${path}/${encodeURIComponent(member.account.name)}`, { role });
    list.change(member.account.id, { role });
    toast(`${member.account.name} is ${roleWord(role).toLowerCase()} now.`);
  } catch (problem) {
    if (problem.name !== "Problem") throw problem;
    // Shown as it was.
    list.change(member.account.id, {});
    toast(problem.detail, { kind: "problem" });
  }
}

async function remove(member, path, site, list) {
  const { id, name } = member.account;
  const text = `${name} may no longer do anything on ${site.title}, but for what roles on every site allow. The account stays.`;
  if (!(await ask({ title: `Remove ${name}?`, text, confirm: "Remove", danger: true }))) return;
  try {
    await send("DELETE", `${path}/${encodeURIComponent(name)}`);
    list.remove(id);
    toast(`${name} was removed.`);
  } catch (problem) {
    if (problem.name !== "Problem") throw problem;
    toast(problem.detail, { kind: "problem" });
  }
}

function addForm(path, list, news) {
  const name = h("input", { type: "text", name: "name", required: true, maxLength: 80, autocomplete: "off", autocapitalize: "none", spellcheck: false });
  const role = h("select", { name: "role" }, options(ROLES, "editor"));
  const form = h("form", { class: "form" },
    h("div", { class: "form-row" },
      field({ label: "Name", hint: "Who has no account yet gets one.", control: name }),
      field({ label: "Role", hint: "What they may do.", control: role })),
    h("div", { class: "form-buttons" }, submitButton("Add the member", "plain")));
  onSubmit(form, async (values, sending) => {
    const wanted = values.name.trim();
    const { body } = await send("PUT", `${path}/${encodeURIComponent(wanted)}`, { role: values.role });
    await list.reload({ isQuiet: true });
    sending.show(() => form.reset());
    if (body.invitation) fill(news, invitationNote(wanted, body.invitation));
    else fill(news);
    announce(body.invitation ? `${wanted} was added. Send them the link that is shown.` : `${wanted} was added.`);
  });
  return h("div", { class: "card" }, form);
}
