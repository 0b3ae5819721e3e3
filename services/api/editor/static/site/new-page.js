/* Asks what a new page is called, saves that as its draft, and goes to its editor. */

import { pageAddress, pagePath } from "../lib/addresses.js";
import { look, send } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { button } from "../lib/parts.js";
import { followTitle, slugOf } from "../lib/slug.js";

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const TAKEN = "There is a page with this name already.";

export function newPage(site, navigate) {
  const title = h("input", { type: "text", name: "title", required: true, maxLength: 200, autocomplete: "off", dir: "auto" });
  const slug = h("input", { type: "text", name: "slug", required: true, maxLength: 63, autocomplete: "off", autocapitalize: "none", spellcheck: false });
  const shown = h("output", { class: "note small" });
  const tell = () => (shown.textContent = address(site, slugOf(slug.value)));
  followTitle(slug, title);
  for (const control of [title, slug]) control.addEventListener("input", tell);
  tell();
  const named = field({
    label: "Name in addresses", hint: "Lower-case letters, digits and hyphens. The home page is called index.", control: slug,
    check: () => (SLUG.test(slugOf(slug.value)) ? "" : "Use letters a to z or digits."),
  });
  const form = h("form", {},
    field({ label: "Title", hint: "What stands in the tab of the browser and in search results.", control: title, pointer: "/config/title" }), named, shown,
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton("Write the page")));
  const dialog = openDialog({ title: "New page", content: form });
  const asked = {};
  onSubmit(form, async () => {
    const name = slugOf(slug.value);
    if (!(await begin(asked, pagePath(site, name), title.value.trim()))) {
      named.setError(TAKEN);
      slug.focus();
      return;
    }
    dialog.close();
    await navigate(pageAddress(site, name));
  });
  title.focus();
}

/**
 * Save a page's first draft.
 * @param {object} asked keeps what was sent: where its answer was lost, the page that is there may be the one that is meant
 * @returns {Promise<boolean>} whether there was no such page
 */
async function begin(asked, path, title) {
  if (asked.path !== path || asked.title !== title) {
    const { body, etag } = await look(`${path}/draft`);
    if (body.is_saved || body.base_version > 0) return false;
    Object.assign(asked, { path, title, config: { ...body.config, title }, ifMatch: etag ?? `"r${body.revision}"` });
  }
  try {
    await send("PUT", `${path}/draft`, { config: asked.config, base_version: 0 }, { ifMatch: asked.ifMatch });
    return true;
  } catch (error) {
    if (error.status === 412) return false;
    throw error;
  }
}

function address(site, name) {
  return `Visitors will find it at ${location.host}/${site}${name === "index" ? "" : `/${name || "…"}`}`;
}
