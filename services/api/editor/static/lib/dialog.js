/* Modal dialogs on <dialog>: the browser holds the focus inside, Escape closes, and the focus returns. */

import { h } from "./dom.js";

let made = 0;
const open = new Map();

/**
 * Open a dialog.
 * @param {{title: string, content: *, isWide?: boolean, stays?: boolean}} options `stays` where it belongs to no screen
 * @returns {{element: HTMLDialogElement, close: function(*), closed: Promise<*>}} `closed` has what `close` was given,
 *   undefined where it was dismissed
 */
export function openDialog({ title, content, isWide = false, stays = false }) {
  const id = `dialog-${(made += 1)}`;
  const element = h("dialog", { class: isWide ? "dialog dialog-wide" : "dialog", "aria-labelledby": id, dataset: stays ? { stays: "" } : {} },
    h("h2", { id, class: "dialog-title" }, title), content);
  const before = document.activeElement;
  let resolve;
  const closed = new Promise((settle) => (resolve = settle));
  // The browser tells of it with its next frame only; until then who answered would still count as being asked.
  const close = (answer) => {
    if (!open.delete(element)) return;
    element.close();
    element.remove();
    goBackTo(before);
    resolve(answer);
  };
  element.addEventListener("close", () => close());
  open.set(element, close);
  document.body.append(element);
  element.showModal();
  return { element, close, closed };
}

/** Dismiss what a screen has asked that is left. */
export function closeDialogs() {
  for (const [element, close] of open) {
    if (!("stays" in element.dataset)) close();
  }
}

/** Where it was opened from; that may be gone, a row of a list for one, which its dialog has changed. */
function goBackTo(before) {
  if (before?.isConnected) before.focus();
  else goToHeading();
}

/** Where somebody goes on whose place is gone. */
export function goToHeading() {
  const heading = document.querySelector("main h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus();
}

/**
 * Ask a question that is answered by a button.
 * @param {{title: string, text?: *, confirm: string, cancel?: string, danger?: boolean}} options
 * @returns {Promise<boolean>}
 */
export async function ask({ title, text = "", confirm, cancel = "Cancel", danger = false }) {
  const yes = h("button", { type: "button", class: danger ? "button button-danger" : "button button-primary" }, confirm);
  const no = h("button", { type: "button", class: "button", autofocus: danger }, cancel);
  const dialog = openDialog({
    title,
    content: [typeof text === "string" ? text && h("p", {}, text) : text, h("div", { class: "dialog-buttons" }, no, yes)],
  });
  yes.addEventListener("click", () => dialog.close(true));
  no.addEventListener("click", () => dialog.close(false));
  (danger ? no : yes).focus();
  return (await dialog.closed) === true;
}
