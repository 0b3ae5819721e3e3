/* Name and password. Whoever was on their way to something goes on there. */

import { EDITOR, isOwn } from "../lib/addresses.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, showProblem, submitButton } from "../lib/forms.js";
import { passwordInput } from "../lib/password.js";
import { signIn } from "../lib/session.js";
import { duration } from "../lib/time.js";

export async function show({ parameters, query, navigate }) {
  const next = [parameters.next, query.get("next")].find(isOwn) ?? EDITOR;
  const name = h("input", { type: "text", name: "name", required: true, autocomplete: "username", autocapitalize: "none", spellcheck: false });
  const password = passwordInput({ autocomplete: "current-password" });
  const form = h("form", {},
    field({ label: "Name", control: name }),
    field({ label: "Password", control: password.control, around: password.element }),
    submitButton("Sign in"));
  onSubmit(form, async (values) => {
    try {
      await signIn(values.name.trim(), values.password);
    } catch (problem) {
      refuse(form, password.control, problem);
      return;
    }
    await navigate(next, { replace: true });
  });
  const element = h("div", { class: "sign-in" },
    h("p", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), "Platen"),
    h("div", { class: "card" }, h("h1", {}, "Sign in"), form),
    h("p", { class: "small" }, "No account, or the password is lost? An administrator can give you a link."));
  return { title: "Sign in", element };
}

function refuse(form, control, problem) {
  if (problem.name !== "Problem") throw problem;
  if (problem.status === 401) {
    showProblem(form, { errors: [], detail: "This name and password do not go together." });
    control.select();
    control.focus();
    return;
  }
  if (problem.status !== 429) return showProblem(form, problem);
  const wait = problem.retryAfter ? `in ${duration(problem.retryAfter * 1000)}` : "a little later";
  return showProblem(form, { errors: [], detail: `Too many tries. Please try again ${wait}.` });
}
