/* Fields for passwords: each can be shown while it is typed, and a new one is held against the rules as it is typed. The
   API decides; what it would refuse for certain is not sent. */

import { fill, h } from "./dom.js";
import { field } from "./forms.js";
import { icon } from "./icons.js";

const LEAST_CHARACTERS = 10;
const RULES = [
  {
    text: `At least ${LEAST_CHARACTERS} characters`,
    refusal: `This is too short: write at least ${LEAST_CHARACTERS} characters.`,
    isMet: (password) => [...password].length >= LEAST_CHARACTERS,
  },
  {
    text: "Not the name",
    refusal: "This is the name, which everybody knows: choose something else.",
    isMet: (password, name) => password !== "" && plain(password) !== plain(name),
  },
];

/** @returns {{control: HTMLInputElement, element: HTMLElement}} */
export function passwordInput({ name = "password", autocomplete, label = "the password" }) {
  const control = h("input", { type: "password", name, autocomplete, required: true, maxLength: 1000 });
  const toggle = h("button", { type: "button", class: "button", "aria-pressed": "false" }, "Show");
  toggle.setAttribute("aria-label", `Show ${label}`);
  toggle.addEventListener("click", () => {
    const isShown = control.type === "password";
    control.type = isShown ? "text" : "password";
    toggle.setAttribute("aria-pressed", String(isShown));
  });
  return { control, element: h("div", { class: "password" }, control, toggle) };
}

/**
 * A field for a password to be, and its rules below.
 * @param {{label?: string, nameOf: function(): string, named?: HTMLInputElement}} given `nameOf` gives the name of the
 *   account; `named` is where that is typed, if it is
 * @returns {{control: HTMLInputElement, elements: HTMLElement[]}}
 */
export function newPassword({ label = "Password", nameOf, named }) {
  const { control, element } = passwordInput({ autocomplete: "new-password", label: `the ${label.toLowerCase()}` });
  const rules = h("ul", { class: "rules", "aria-label": "Rules of the password" });
  const tell = () => fill(rules, RULES.map((rule) => ruleItem(rule, control.value, nameOf())));
  for (const input of [control, named]) input?.addEventListener("input", tell);
  control.addEventListener("change", tell);
  tell();
  const check = () => RULES.find(({ isMet }) => !isMet(control.value, nameOf()))?.refusal ?? "";
  const wrapped = field({ label, hint: "Three or four words that nobody would guess are good.", control, around: element, check });
  return { control, elements: [wrapped, rules] };
}

function ruleItem({ text, isMet }, password, name) {
  const met = isMet(password, name);
  return h("li", { class: met ? "is-met" : "" }, icon(met ? "check" : "dash"), text,
    h("span", { class: "visually-hidden" }, met ? ": done" : ": not yet"));
}

const plain = (text) => text.trim().normalize("NFKC").toLowerCase();
