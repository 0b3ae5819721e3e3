/* Accepting an invitation: the first administrator chooses a name, too; everybody chooses a password. The code stands
   behind the # of the address, which no server ever sees. */

import { EDITOR, SIGN_IN } from "../lib/addresses.js";
import { send } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { icon } from "../lib/icons.js";
import { passwordInput } from "../lib/password.js";
import { remember } from "../lib/session.js";
import { clockShort } from "../lib/time.js";
import { RULES } from "../shell/password-rules.js";

export async function show({ navigate, signal }) {
  const code = location.hash.slice(1);
  const invitation = await lookAt(code, signal);
  return { title: invitation ? "Welcome" : "Invitation", element: invitation ? form(code, invitation, navigate) : spent() };
}

async function lookAt(code, signal) {
  if (!code) return null;
  try {
    const { body } = await send("POST", "/invitations/look", { code }, { signal, isSigningIn: true });
    return body;
  } catch (problem) {
    if (problem.name === "Problem" && problem.status >= 400 && problem.status < 500 && problem.status !== 429) return null;
    throw problem;
  }
}

function spent() {
  return frame("This link does not work",
    h("p", {}, "It was used before, has expired, or is not complete. An administrator can give you a new one."),
    h("a", { class: "button", href: SIGN_IN }, "Sign in"));
}

function form(code, invitation, navigate) {
  const name = h("input", { type: "text", name: "name", value: invitation.name ?? "", required: true, autocomplete: "username",
    autocapitalize: "none", spellcheck: false, readOnly: !invitation.is_first });
  const password = passwordInput({ autocomplete: "new-password" });
  const rules = h("ul", { class: "rules", id: "password-rules", "aria-label": "Rules of the password" });
  const showRules = () => fill(rules, RULES.map((rule) => ruleItem(rule, password.control.value, name.value)));
  for (const input of [name, password.control]) input.addEventListener("input", showRules);
  showRules();
  const element = h("form", {},
    field({ label: "Name", hint: invitation.is_first ? "What you sign in with, and what others see beside your changes." : "", control: name }),
    field({ label: "Password", hint: "Three or four words that nobody would guess are good.", control: password.control, around: password.element }),
    rules,
    submitButton(invitation.is_first ? "Create the account" : "Set the password and sign in"));
  onSubmit(element, async (values) => {
    const chosen = invitation.is_first ? { name: values.name.trim() } : {};
    const { body } = await send("POST", "/invitations/accept", { code, ...chosen, password: values.password }, { isSigningIn: true });
    remember(body);
    await navigate(EDITOR, { replace: true });
  });
  const title = invitation.is_first ? "Welcome to Platen" : `Welcome, ${invitation.name}`;
  const text = invitation.is_first
    ? "This is the first account; it may do everything. Invite others afterwards."
    : `Choose a password to sign in with. This link works until ${clockShort(invitation.expires_at)}.`;
  return frame(title, h("p", {}, text), element);
}

function ruleItem({ text, isMet }, password, name) {
  const met = isMet(password, name);
  return h("li", { class: met ? "is-met" : "" }, icon(met ? "check" : "dash"), text,
    h("span", { class: "visually-hidden" }, met ? ": done" : ": not yet"));
}

function frame(title, ...children) {
  return h("div", { class: "sign-in" },
    h("p", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), "Platen"),
    h("div", { class: "card" }, h("h1", {}, title), children));
}
