/* Name and password. Whoever was on their way to something goes on there. */

import { EDITOR, isOwn } from "../lib/addresses.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, showProblem, submitButton } from "../lib/forms.js";
import { passwordInput } from "../lib/password.js";
import { signIn } from "../lib/session.js";
import { duration } from "../lib/time.js";
import { match } from "../routes.js";

export async function show({ parameters, query, navigate }) {
  const next = [parameters.next, query.get("next")].find(isOwn) ?? EDITOR;
  const name = h("input", { type: "text", name: "name", required: true, dataset: { first: "" }, autocomplete: "username", autocapitalize: "none", spellcheck: false });
  const password = passwordInput({ autocomplete: "current-password" });
  const passwordField = field({ label: "Password", control: password.control, around: password.element });
  const form = h("form", {},
    field({ label: "Name", control: name }),
    passwordField,
    submitButton("Sign in"));
  onSubmit(form, async (values) => {
    try {
      await signIn(values.name.trim(), values.password);
    } catch (problem) {
      refuse(form, passwordField, problem);
      return;
    }
    await navigate(next, { replace: true });
  });
  fetchAhead(next);
  const element = h("div", { class: "sign-in" },
    h("p", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), "Platen"),
    h("div", { class: "card" }, h("h1", {}, "Sign in"), form),
    h("p", { class: "small" }, "No account, or the password is lost? An administrator can give you a link."));
  return { title: "Sign in", element };
}

/** While somebody types, the modules of the screen that comes next. If they do not come, it is told there. */
function fetchAhead(address) {
  const { pathname } = new URL(address, location.href);
  match(pathname.slice(EDITOR.length - 1))?.module().catch(() => {});
}

/** Which of the two was wrong is told to nobody; 422 is a name or a password that no account can have. */
function refuse(form, passwordField, problem) {
  if (problem.name !== "Problem") throw problem;
  if ([401, 422].includes(problem.status)) {
    showProblem(form, { errors: [{ pointer: passwordField.dataset.pointer, detail: "This name and password do not go together." }] });
    passwordField.control.select();
    return;
  }
  if (problem.status !== 429) return showProblem(form, problem);
  const wait = problem.retryAfter ? `in ${duration(problem.retryAfter * 1000)}` : "a little later";
  return showProblem(form, { errors: [], detail: `Too many tries. Please try again ${wait}.` });
}
