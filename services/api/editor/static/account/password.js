/* Choosing another password for oneself. */

import { toast } from "../lib/announce.js";
import { send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { section } from "../lib/parts.js";
import { newPassword, passwordInput } from "../lib/password.js";
import { remember } from "../lib/session.js";

/** @param {object} session whose password it is @param {function(): Promise} onChanged all other sessions have ended */
export function passwordPart({ account }, onChanged) {
  const current = passwordInput({ name: "current", autocomplete: "current-password", label: "the present password" });
  const password = newPassword({ label: "New password", nameOf: () => account.name });
  const form = h("form", { class: "form" },
    // Browsers that keep passwords look for the name that this one belongs to.
    h("input", { type: "text", value: account.name, autocomplete: "username", readOnly: true, hidden: true }),
    field({ label: "Present password", control: current.control, around: current.element }),
    password.elements,
    h("div", { class: "form-buttons" }, submitButton("Change the password", "plain")));
  onSubmit(form, async (values) => {
    const { body } = await send("PUT", "/session/password", { current: values.current, password: values.password });
    form.reset();
    password.control.dispatchEvent(new Event("change"));
    remember(body);
    toast("The password is changed. You are signed out everywhere else.");
    await onChanged();
  });
  return section({ title: "Password", text: "Changing it ends your sessions in all other browsers." }, form);
}
