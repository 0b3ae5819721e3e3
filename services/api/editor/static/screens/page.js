/* The page editor: the form, the preview, and how it is going with both. */

import { get, look } from "../lib/api.js";
import { historyAddress, pagePath, siteAddress } from "../lib/addresses.js";
import { h } from "../lib/dom.js";
import { link } from "../lib/router.js";
import { may } from "../lib/session.js";
import { PageEditor } from "../editor/page-editor.js";

export async function show(context) {
  const { site, page } = context.parameters;
  if (!may("draft", site)) return readOnly(site, page);
  const path = pagePath(site, page);
  const { signal } = context;
  const [schema, draft] = await Promise.all([get("/config-schema", { signal }), look(`${path}/draft`, { signal })]);
  // A page that has no version yet is none to the rest of the API.
  const state = draft.body.base_version > 0 ? await get(path, { signal }) : null;
  return new PageEditor({ ...context, site, page, path, schema, draft, state }).screen;
}

function readOnly(site, page) {
  const element = h("div", { class: "screen" },
    h("nav", { class: "crumbs", "aria-label": "Where you are" }, link(siteAddress(site), site)),
    h("h1", {}, page),
    h("p", {}, "You may look at this page, and not change it. Ask who manages the site for the role editor."),
    h("p", {}, link(historyAddress(site, page), "See its versions")));
  return { title: page, element };
}
