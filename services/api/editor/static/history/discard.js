/* Takes the draft away, and with it a page that was nothing else; both can be had back. */

import { pageAddress, siteAddress } from "../lib/addresses.js";
import { toast } from "../lib/announce.js";
import { send } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { takeBack } from "./restore.js";

/** What the button says. */
export const discardWord = (work) => (work.newest ? "Discard the draft" : "Delete the page");

/** Discard the draft as it is shown, after asking; what somebody saved meanwhile stays. */
export async function discard(work) {
  const { draft, newest } = work;
  const text = newest
    ? `The editor begins with v${newest} again. Visitors see no change.`
    : "It was never published, so there is nothing of it but this draft.";
  if (!(await ask({ title: `${discardWord(work)}?`, text, confirm: discardWord(work), danger: true }))) return;
  try {
    const { body, etag } = await send("DELETE", `${work.path}/draft`, null, { ifMatch: draft.etag });
    await (newest ? discarded : deleted)(work, draft, etag ?? `"r${body.revision}"`);
  } catch (error) {
    if (error.name !== "Problem") throw error;
    toast(error.status === 412 ? "The draft was changed meanwhile; nothing was discarded." : error.detail, { kind: "problem" });
    if (error.status === 412) await work.refresh();
  }
}

async function discarded(work, draft, etag) {
  work.notice.show("The draft is discarded.", { action: { label: "Undo: take it back", onclick: () => takeBack(work, draft, etag) } });
  await work.refresh();
}

async function deleted(work, draft, etag) {
  const undo = async () => {
    await send("PUT", `${work.path}/draft`, { config: draft.config, base_version: 0 }, { ifMatch: etag });
    await work.navigate(pageAddress(work.site, work.page));
  };
  await work.navigate(siteAddress(work.site));
  toast(`${draft.config.title || work.page} is deleted.`, { action: { label: "Undo", onclick: () => undo().catch(tell) } });
}

function tell(error) {
  if (error.name !== "Problem") throw error;
  toast(error.detail, { kind: "problem" });
}
