/* Changes to accounts: make one, give it other roles, a new link, take it away. */

import { allSites } from "../lib/all-sites.js";
import { toast } from "../lib/announce.js";
import { send } from "../lib/api.js";
import { ask, openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { button } from "../lib/parts.js";
import { rolesField } from "./roles-field.js";

const pathOf = (account) => `/accounts/${encodeURIComponent(account.id)}`;

export async function newAccount(list, tell) {
  const name = h("input", { type: "text", name: "name", required: true, maxLength: 80, autocomplete: "off", autocapitalize: "none", spellcheck: false });
  const nameField = field({ label: "Name", hint: "What they sign in with, and what others see beside their changes.", control: name });
  await rolesDialog({ title: "New account", roles: { "": "editor" }, confirm: "Make the account", before: [nameField] }, async (roles, values, { idempotencyKey }) => {
    const { body } = await send("POST", "/accounts", { name: values.name.trim(), roles }, { idempotencyKey });
    await list.reload({ isQuiet: true });
    tell(body.account.name, body.invitation);
    toast(`${body.account.name} has an account. Send them their link.`);
  });
}

export async function changeRoles(account, list) {
  await rolesDialog({ title: `Roles of ${account.name}`, roles: account.roles, confirm: "Save the roles" }, async (roles) => {
    await send("PUT", `${pathOf(account)}/roles`, { roles });
    list.change(account.id, { roles });
    toast(`The roles of ${account.name} are saved.`);
  });
}

async function rolesDialog({ title, roles, confirm, before = [] }, act) {
  const chosen = rolesField(roles, await allSites());
  const form = h("form", {}, before, chosen.element,
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton(confirm)));
  const dialog = openDialog({ title, content: form, isWide: true });
  onSubmit(form, async (values, sending) => {
    await act(chosen.value(), values, sending);
    dialog.close();
  });
  form.querySelector("input, select")?.focus();
}

export async function newLink(account, tell) {
  const text = `With it ${account.name} chooses a new password. The old one works until then, and links that were made before do not work any more.`;
  if (!(await ask({ title: `A new link for ${account.name}?`, text, confirm: "Make the link" }))) return;
  await told(async () => {
    const { body } = await send("POST", `${pathOf(account)}/invitation`);
    tell(account.name, body.invitation ?? body);
    toast(`The link for ${account.name} is made.`);
  });
}

export async function removeAccount(account, list) {
  const text = `${account.name} is signed out everywhere at once, and their tokens stop working. What they wrote stays.`;
  if (!(await ask({ title: `Remove ${account.name}?`, text, confirm: "Remove the account", danger: true }))) return;
  await told(async () => {
    await send("DELETE", pathOf(account));
    list.remove(account.id);
    toast(`${account.name} was removed.`);
  });
}

/** Do something; what is refused is told in the corner. */
async function told(act) {
  try {
    await act();
  } catch (problem) {
    if (problem.name !== "Problem") throw problem;
    toast(problem.detail, { kind: "problem" });
  }
}
