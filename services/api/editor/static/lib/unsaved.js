/* Holds somebody back who is about to lose what they typed. */

import { ask } from "./dialog.js";
import { valuesOf } from "./forms.js";

/**
 * Make a screen's `leave` out of its forms.
 * @param {HTMLElement} element holds the forms as they are when the screen is shown
 * @returns {function(): Promise<boolean>} with `hasUnsaved()`, for the browser's own question
 */
export function leaveOf(element) {
  const saved = new Map([...element.querySelectorAll("form")].map((form) => [form, valuesOf(form)]));
  const changed = () => [...saved].filter(([form, values]) => form.isConnected && valuesOf(form) !== values);
  // What was sent is what is there now; a form that was refused is still unsaved.
  element.addEventListener("saved", (event) => saved.set(event.target, event.detail));
  const leave = async () => changed().length === 0 || ask({
    title: "Leave without saving?", text: "What you typed here is not saved yet.", confirm: "Leave", danger: true,
  });
  leave.hasUnsaved = () => changed().length > 0;
  return leave;
}
