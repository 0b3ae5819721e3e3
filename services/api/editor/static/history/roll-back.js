/* Makes another version live, or none, says beforehand what will happen, and takes it back where asked. */

import { send } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { toast } from "../lib/announce.js";

/** Whether making this version live is going back: to one that was finished before, and is no newer than what is live. */
export const isBack = (work, { number, built_at: builtAt }) => Boolean(builtAt) && number < (work.live || work.newest + 1);

/** Make a version live, after asking. */
export async function goTo(work, version) {
  const { number, is_kept: isKept } = version;
  const verb = isBack(work, version) ? "Roll back to" : "Publish";
  const isSure = await ask({ title: `${verb} v${number}?`, text: consequences(work, number, isKept), confirm: `${verb} v${number}` });
  if (isSure) await change(work, number);
}

/** Take the page off, after asking. */
export async function takeOff(work) {
  const text = points([
    "Visitors are told that the page is gone.",
    "All versions and the draft stay.",
    `You can undo it: v${work.live} goes live again without a build.`,
  ]);
  if (await ask({ title: "Unpublish this page?", text, confirm: "Unpublish", danger: true })) await change(work, 0);
}

function consequences(work, number, isKept) {
  const meanwhile = work.live ? `visitors get v${work.live} until then` : "visitors get nothing until then";
  return points([
    isKept ? `Visitors get v${number} at once: its finished page is kept.` : `v${number} is built first, which takes a moment; ${meanwhile}.`,
    "The draft stays as it is, and publishing goes on as usual.",
    work.live ? `You can undo it: v${work.live} stays in the list.` : "You can undo it by unpublishing.",
  ]);
}

const points = (texts) => h("ul", {}, texts.map((text) => h("li", {}, text)));

/** @param {number} version 0 takes the page off */
async function change(work, version, { isUndo = false } = {}) {
  const before = work.live;
  try {
    const { body } = await (version ? send("POST", `${work.path}/publications`, { version }) : send("DELETE", `${work.path}/publications/live`));
    tell(work, body, isUndo ? null : undo(work, before));
    await work.refresh();
    settle(work);
  } catch (error) {
    if (error.name !== "Problem") throw error;
    toast(error.detail, { kind: "problem" });
  }
}

function undo(work, before) {
  const label = before ? `Undo: go forward to v${before}` : "Undo: unpublish";
  return { label, onclick: () => change(work, before, { isUndo: true }) };
}

/** Say how a publication of ours goes, from its first answer to its end. */
function tell(work, publication, action) {
  const version = publication.version;
  work.pending = publication.state === "live" ? null : { seq: publication.seq, version, action };
  if (!version) return work.notice.show("The page is unpublished.", { action });
  if (publication.state === "live") return work.notice.show(`v${version} is live.`, { action });
  return work.notice.show(`v${version} is being built.`, { action, kind: "busy" });
}

/** Go on telling by what happens on the page. */
export function followPending(work, { type, data }) {
  const pending = work.pending;
  if (!pending || data.seq !== pending.seq) return;
  const { version, action } = pending;
  if (type === "page-built") work.notice.show(`v${version} is live.`, { action });
  else if (type === "build-failed") work.notice.show(`v${version} could not be built: ${data.reason ?? "the list below says why"}. ${still(work)}`, { kind: "problem" });
  else if (["build-superseded", "build-cancelled"].includes(type)) work.notice.show(`v${version} did not go live: something newer took its place, or it was cancelled.`);
  else return;
  work.pending = null;
}

/** What happened may have been told before the answer to the request was here. */
function settle(work) {
  const pending = work.pending;
  if (!pending || work.live !== pending.version || work.state.live.seq < pending.seq) return;
  work.pending = null;
  work.notice.show(`v${pending.version} is live.`, { action: pending.action });
}

const still = (work) => (work.live ? `v${work.live} is still live.` : "Visitors still get nothing.");
