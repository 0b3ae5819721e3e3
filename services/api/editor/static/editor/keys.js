/* The keys of the page editor. */

/**
 * @param {{save: function, publish: function, undo: function, redo: function}} editor
 * @param {AbortSignal} signal
 */
export function listenToKeys(editor, signal) {
  addEventListener("keydown", (event) => {
    const act = (event.ctrlKey || event.metaKey) && !event.altKey && actOf(event, editor);
    if (!act || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act();
  }, { signal });
}

/** What there is to press, for the help. */
export const KEYS = [
  ["Ctrl+S", "save the draft now"],
  ["Ctrl+Enter", "publish"],
  ["Ctrl+Z", "undo"],
  ["Ctrl+Shift+Z", "do it again"],
];

function actOf({ key, shiftKey }, editor) {
  switch (key.toLowerCase()) {
    case "s": return () => editor.save();
    case "enter": return () => editor.publish();
    case "z": return () => (shiftKey ? editor.redo() : editor.undo());
    case "y": return () => editor.redo();
  }
  return null;
}
