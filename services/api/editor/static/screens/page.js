/* The page editor: the form, the preview, and how it is going with both. */

import { get, look } from "../lib/api.js";
import { EDITOR, historyAddress, pagePath, siteAddress } from "../lib/addresses.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { emptyState } from "../lib/list.js";
import { screenHead } from "../lib/parts.js";
import { may } from "../lib/session.js";
import { PageEditor } from "../editor/page-editor.js";

export async function show(context) {
  const { site, page } = context.parameters;
  const path = pagePath(site, page);
  const { signal } = context;
  if (!may("draft", site)) return readOnly(site, page, await get(path, { signal }));
  const [schema, draft] = await Promise.all([get("/config-schema", { signal }), look(`${path}/draft`, { signal })]);
  // A page that has no version yet is none to the rest of the API.
  const state = draft.body.base_version > 0 ? await get(path, { signal }) : null;
  return new PageEditor({ ...context, site, page, path, schema, draft, state }).screen;
}

function readOnly(site, page, { live, url }) {
  const element = h("div", { class: "screen" },
    screenHead({ title: page, crumbs: [["Sites", EDITOR], [site, siteAddress(site)]] }),
    emptyState({
      drawing: "key", title: "Not yours to change",
      text: "You may look at this page. Whoever manages the site can make you an editor of it.",
      actions: [
        h("a", { class: "button button-primary", href: historyAddress(site, page) }, "See its history"),
        live && h("a", { class: "button", href: url, target: "_blank", rel: "noopener" }, "View the page",
          h("span", { class: "visually-hidden" }, " in a new tab"), icon("external")),
      ],
    }));
  return { title: page, element };
}
