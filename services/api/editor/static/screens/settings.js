/* What holds for a whole site. Each part is saved by itself. */

import { EDITOR, siteAddress } from "../lib/addresses.js";
import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { screenHead } from "../lib/parts.js";
import { may } from "../lib/session.js";
import { leaveOf } from "../lib/unsaved.js";
import { defaultsPart } from "../settings/defaults.js";
import { generalPart } from "../settings/general.js";
import { hostnamesPart } from "../settings/hostnames.js";
import { membersPart } from "../settings/members.js";
import { transferPart } from "../settings/transfer.js";
import { emptyState } from "../lib/list.js";

export async function show({ parameters, signal }) {
  const site = await get(`/sites/${encodeURIComponent(parameters.site)}`, { signal });
  const head = screenHead({ title: "Settings", crumbs: [["Sites", EDITOR], [site.title, siteAddress(site.slug)]] });
  const title = `Settings of ${site.title}`;
  if (!may("manage", site.slug)) {
    const text = "Only those who manage this site can change what holds for all of it.";
    return { title, element: h("div", { class: "screen" }, head, emptyState({ drawing: "key", title: "Not yours to set", text })) };
  }
  const parts = [generalPart, hostnamesPart, membersPart, defaultsPart, transferPart].map((part) => part(site, signal));
  const element = h("div", { class: "screen" }, head, h("div", { class: "panels" }, await Promise.all(parts)));
  return { title, element, leave: leaveOf(element) };
}
