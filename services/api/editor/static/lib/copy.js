/* A text that is there to be taken along: shown in a field of its own, with a button that copies it. */

import { announce } from "./announce.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 2_500;

/** @param {{label: string, text: string}} options @returns {HTMLElement} */
export function copyable({ label, text }) {
  const input = h("input", { type: "text", value: text, readOnly: true, class: "copy-text", "aria-label": label, spellcheck: false });
  input.addEventListener("focus", () => input.select());
  return h("div", { class: "copy" }, input, copyButton(text, "Copy"));
}

/** A button that copies a text and says so. */
export function copyButton(text, label) {
  const button = h("button", { type: "button", class: "button" });
  const rest = () => fill(button, icon("copy"), label);
  button.addEventListener("click", async () => {
    const isDone = await copy(text);
    fill(button, icon(isDone ? "check" : "warning"), isDone ? "Copied" : "Select it and press Ctrl+C");
    announce(isDone ? "Copied." : "It could not be copied: select the text and copy it by keyboard.");
    setTimeout(rest, SHOWN_MS);
  });
  rest();
  return button;
}

/** The clipboard is there on https and on this machine only. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
