/* Fields with a label, a hint and an error that belong together, and problems shown where they arose. */

import { announce, toast } from "./announce.js";
import { Attempt } from "./attempt.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

let made = 0;

/**
 * Wrap a control.
 * @param {{label: string, hint?: *, error?: string, control: HTMLElement, around?: HTMLElement, isOptional?: boolean,
 *   pointer?: string, check?: function(): string}} options `around` holds the control where it does not stand alone;
 *   `pointer` is where problems of it point, `/<name of the control>` where none is given; `check` says what the API would
 *   refuse for certain, "" for nothing
 * @returns {HTMLElement} with `setError(text)`, where "" takes the error away
 */
export function field({ label, hint = "", error = "", control, around = control, isOptional = false, pointer, check }) {
  control.id ||= `field-${(made += 1)}`;
  const hintElement = h("p", { class: "field-hint", id: `${control.id}-hint`, hidden: !hint }, hint);
  const errorElement = h("p", { class: "field-error", id: `${control.id}-error`, hidden: true });
  const element = h("div", { class: "field", dataset: { pointer: pointer ?? `/${control.name ?? ""}` } },
    h("label", { class: "field-label", htmlFor: control.id }, label,
      isOptional && [" ", h("span", { class: "field-optional" }, "optional")]),
    hintElement, around, errorElement);
  element.control = control;
  element.check = check;
  element.setError = (text) => {
    errorElement.hidden = !text;
    errorElement.replaceChildren(...(text ? [icon("warning"), text] : []));
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
    const about = [hint && hintElement.id, text && errorElement.id].filter(Boolean).join(" ");
    if (about) control.setAttribute("aria-describedby", about);
    else control.removeAttribute("aria-describedby");
  };
  element.setError(error);
  control.addEventListener("input", () => element.setError(""));
  return element;
}

/** Take all errors of a form away. */
export function clearErrors(form) {
  form.querySelector(":scope > .form-problem")?.remove();
  for (const element of form.querySelectorAll(".field")) element.setError?.("");
}

/** Put each error at the field it points to, the rest above the form, and the focus on the first field to mend. */
export function showProblem(form, problem) {
  clearErrors(form);
  const placed = problem.errors.map((error) => [fieldAt(form, error.pointer), error]);
  for (const [element, error] of placed) element?.setError(sentence(error));
  const first = placed.find(([element]) => element)?.[0];
  const others = placed.filter(([element]) => !element).map(([, error]) => sentence(error));
  if (!first || others.length > 0) form.prepend(summary(others.length > 0 ? others : [problem.detail ?? problem.message]));
  if (!first) return;
  first.control.focus();
  announce(first.querySelector(".field-error").textContent, { assertive: true });
}

/** The field a pointer leads to, or the closest one around it. */
function fieldAt(form, pointer) {
  const fields = [...form.querySelectorAll(".field")].filter((element) => element.setError);
  for (let at = pointer; at; at = at.slice(0, at.lastIndexOf("/"))) {
    const found = fields.find((element) => element.dataset.pointer === at);
    if (found) return found;
  }
  return null;
}

function summary(texts) {
  return h("div", { class: "form-problem", role: "alert" }, icon("warning"), h("div", {}, texts.map((text) => h("p", {}, text))));
}

export function sentence({ detail, mend }) {
  return mend ? `${detail.replace(/\.$/, "")}: ${mend}.` : detail;
}

/**
 * Do something when a form is sent, once at a time, and show what was refused.
 * @param {HTMLFormElement} form it emits `saved` with the values that were, as a text
 * @param {function(object, Sending): Promise} act gets the values by name
 */
export function onSubmit(form, act) {
  const attempt = new Attempt();
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    clearErrors(form);
    const refused = [...form.querySelectorAll(".field")].filter((element) => element.setError && refusal(element));
    for (const element of refused) element.setError(refusal(element));
    if (refused.length > 0) {
      refused[0].control.focus();
      return;
    }
    form.ariaBusy = "true";
    const sending = new Sending(form, attempt);
    try {
      await act(Object.fromEntries(new FormData(form)), sending);
      attempt.end();
      form.dispatchEvent(new CustomEvent("saved", { bubbles: true, detail: sending.text }));
    } catch (error) {
      if (!error.isUncertain) attempt.end();
      tellRefusal(form, error);
    } finally {
      form.ariaBusy = "false";
    }
  });
  return form;
}

/** A form on its way. Whoever does not wait for the answer types on meanwhile, and loses nothing of that. */
class Sending {
  constructor(form, attempt) {
    Object.assign(this, { form, text: valuesOf(form) });
    this.idempotencyKey = attempt.keyOf(this.text);
  }

  /** Show in the form what was made of it, unless it says something else by now. */
  show(write) {
    if (valuesOf(this.form) !== this.text) return;
    write();
    this.text = valuesOf(this.form);
  }
}

/** What a form says, as one text. */
export function valuesOf(form) {
  return JSON.stringify([...new FormData(form)].filter(([, value]) => typeof value === "string"));
}

function tellRefusal(form, error) {
  // The screen was left.
  if (error.name === "AbortError") return;
  if (error.name !== "Problem") throw error;
  if (form.isConnected) showProblem(form, error);
  else toast(error.detail, { kind: "problem" });
}

/** What need not be sent to be refused. */
function refusal({ control, check }) {
  return control.required && !control.value ? "This is needed." : (check?.() ?? "");
}

/** The button that sends a form. */
export function submitButton(text, kind = "primary") {
  return h("button", { type: "submit", class: `button button-${kind}` }, text);
}
