/* Asks for the password again where a session has ended in the middle of something. The screen stays as it is, and what
   was asked is asked again, so nothing is lost. */

import { EDITOR } from "../lib/addresses.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { current, remember, signIn } from "../lib/session.js";

let asking = null;

/** @returns {Promise<boolean>} whether the same account is signed in again; several that ask at once share one dialog */
export function signInAgain() {
  if (!current()) return Promise.resolve(false);
  asking ??= askFor(current().account.name).finally(() => (asking = null));
  return asking;
}

async function askFor(name) {
  const password = h("input", { type: "password", name: "password", required: true, autocomplete: "current-password" });
  const form = h("form", {},
    h("p", {}, "Your session has ended. Sign in again to go on where you are; nothing is lost."),
    h("input", { type: "text", value: name, autocomplete: "username", readOnly: true, hidden: true }),
    field({ label: `Password of ${name}`, control: password }),
    h("div", { class: "dialog-buttons" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close(false) }, "Sign in as somebody else"),
      submitButton("Sign in")));
  const dialog = openDialog({ title: "Sign in again", content: form, stays: true });
  onSubmit(form, async (values) => {
    await signIn(name, values.password);
    dialog.close(true);
  });
  password.focus();
  const answer = await dialog.closed;
  if (answer === false) {
    remember(null);
    location.assign(EDITOR);
  }
  return answer === true;
}
