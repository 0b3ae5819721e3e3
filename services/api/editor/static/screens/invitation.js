/* Accepting an invitation: the first administrator chooses a name, too; everybody chooses a password. The code stands
   behind the # of the address, which no server ever sees. */

import { EDITOR, SIGN_IN } from "../lib/addresses.js";
import { send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { newPassword } from "../lib/password.js";
import { remember } from "../lib/session.js";
import { clockShort } from "../lib/time.js";

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_ .@+'\u2019-]*$/u;
const MOST_NAME = 64;

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
  const password = newPassword({ nameOf: () => name.value, named: name });
  (invitation.is_first ? name : password.control).dataset.first = "";
  const element = h("form", {},
    field({ label: "Name", hint: invitation.is_first ? "What you sign in with, and what others see beside your changes." : "", control: name, check: () => (invitation.is_first ? nameRefusal(name.value.trim()) : "") }),
    password.elements,
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

/** The API decides; this is told at once, and in words for people. */
function nameRefusal(name) {
  if ([...name].length > MOST_NAME) return `This is too long: use at most ${MOST_NAME} characters.`;
  return NAME.test(name) ? "" : "Use letters, digits, spaces and . @ + - _ ', with a letter or a digit in front.";
}

function frame(title, ...children) {
  return h("div", { class: "sign-in" },
    h("p", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), "Platen"),
    h("div", { class: "card" }, h("h1", {}, title), children));
}
