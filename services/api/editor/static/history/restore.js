/* Takes a version's config for the draft. Visitors see nothing of it, and what the draft was can be had back. */

import { toast } from "../lib/announce.js";
import { get, send } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { ago } from "../lib/time.js";

export async function restore(work, number) {
  try {
    const [{ config }, draft] = await Promise.all([get(`${work.path}/versions/${number}`), work.findDraft()]);
    if (!(await ask(question(number, draft)))) return;
    await put(work, number, { config, base_version: number }, draft);
    await work.refresh();
  } catch (error) {
    if (error.name !== "Problem") throw error;
    toast(error.detail, { kind: "problem" });
  }
}

function question(number, draft) {
  const who = draft?.by ? `by ${draft.by.name}, ${ago(draft.at)}` : "";
  const replaced = draft?.is_saved ? `The draft that there is ${who && `(${who}) `}is replaced.` : "There is no draft now, so nothing is replaced.";
  const texts = [replaced, "Visitors see no change until somebody publishes.", "You can undo it."];
  return { title: `Restore v${number} as draft?`, text: h("ul", {}, texts.map((text) => h("li", {}, text))), confirm: `Restore v${number} as draft` };
}

/** Somebody else may have saved meanwhile: theirs is not overwritten without asking. */
async function put(work, number, body, draft) {
  try {
    const { body: saved, etag } = await send("PUT", `${work.path}/draft`, body, { ifMatch: draft?.etag ?? '"r0"' });
    offerBack(work, number, draft, etag ?? `"r${saved.revision}"`);
  } catch (error) {
    if (error.status !== 412 || !error.body.theirs) throw error;
    const { theirs } = error.body;
    const isSure = await ask({
      title: "The draft was changed meanwhile", confirm: `Replace it with v${number}`, danger: true,
      text: `${theirs.by?.name ?? "Somebody"} saved the draft ${ago(theirs.at)}. Replacing it discards that.`,
    });
    if (isSure) await put(work, number, body, { ...theirs, etag: `"r${theirs.revision}"` });
  }
}

function offerBack(work, number, earlier, etag) {
  work.notice.show(`The draft is v${number} now. Nothing changed for visitors.`, { action: { label: "Undo: take the earlier draft back", onclick: () => takeBack(work, earlier, etag) } });
}

/** Bring an earlier draft back, unless somebody has saved since. */
export async function takeBack(work, earlier, ifMatch) {
  try {
    if (earlier?.is_saved) await send("PUT", `${work.path}/draft`, { config: earlier.config, base_version: earlier.base_version }, { ifMatch });
    else await send("DELETE", `${work.path}/draft`, null, { ifMatch });
    work.notice.show("The draft is what it was before.");
    await work.refresh();
  } catch (error) {
    if (error.name !== "Problem") throw error;
    toast(error.status === 412 ? "The draft was changed since; nothing was taken back." : error.detail, { kind: "problem" });
  }
}
