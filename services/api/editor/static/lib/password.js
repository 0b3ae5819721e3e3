/* A field for a password that can be shown while it is typed. */

import { h } from "./dom.js";

/** @returns {{control: HTMLInputElement, element: HTMLElement}} */
export function passwordInput({ name = "password", autocomplete }) {
  const control = h("input", { type: "password", name, autocomplete, required: true, maxLength: 1000 });
  const toggle = h("button", { type: "button", class: "button", "aria-pressed": "false" }, "Show");
  toggle.setAttribute("aria-label", "Show the password");
  toggle.addEventListener("click", () => {
    const isShown = control.type === "password";
    control.type = isShown ? "text" : "password";
    toggle.setAttribute("aria-pressed", String(isShown));
  });
  return { control, element: h("div", { class: "password" }, control, toggle) };
}
