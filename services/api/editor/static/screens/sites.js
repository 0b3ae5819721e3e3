/* The sites that somebody may look at. */

import { RESERVED_SITES, settingsAddress, siteAddress } from "../lib/addresses.js";
import { send } from "../lib/api.js";
import { toast } from "../lib/announce.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button, screenHead } from "../lib/parts.js";
import { lookOn, nothingFits, searchForm } from "../lib/search.js";
import { may } from "../lib/session.js";
import { followTitle } from "../lib/slug.js";
import { when } from "../lib/time.js";

const COLUMNS = [
  { label: "Site", class: "table-main" },
  { label: "Hostnames" },
  { label: "Created" },
  { label: "Actions", class: "table-end", isHidden: true },
];

export async function show({ query, signal, navigate }) {
  const create = () => createSite(navigate);
  const asked = { search: query.get("search") ?? "" };
  const list = new PagedList({
    load: async (cursor, stop) => {
      const found = await lookOn("/sites", asked, cursor, stop);
      // Whoever sees all of them at once need not search.
      if (found.next) form.hidden = false;
      return found;
    },
    caption: "Sites", columns: COLUMNS, keyOf: (site) => site.slug, cells, signal,
    empty: () => nothing(asked, create),
  });
  const form = searchForm({ label: "Sites", list, asked, kind: "site", signal, hidden: !asked.search });
  await list.reload();
  const actions = [may("administer") && button("New site", create, { kind: "primary", drawing: "add" })];
  return { title: "Sites", element: h("div", { class: "screen" }, screenHead({ title: "Sites", actions }), form, list.element) };
}

function cells(site) {
  return [
    [h("a", { href: siteAddress(site.slug) }, site.title), h("div", { class: "muted small" }, site.slug)],
    site.hostnames.length > 0 && h("div", { class: "small" }, site.hostnames.join(", ")),
    when(site.created_at),
    may("manage", site.slug) && h("a", { class: "button button-quiet button-small", href: settingsAddress(site.slug) },
      "Settings", h("span", { class: "visually-hidden" }, ` of ${site.title}`)),
  ].map((cell) => cell || "");
}

function nothing({ search }, create) {
  if (search) return nothingFits("site", "Try other words.");
  return may("administer") ? noSites(create) : notInvited();
}

function noSites(create) {
  return emptyState({
    drawing: "add", title: "No site yet",
    text: "A site holds pages that belong together: those of a shop, a team, a campaign. Make the first one.",
    actions: [button("Create a site", create, { kind: "primary" })],
  });
}

function notInvited() {
  return emptyState({
    drawing: "people", title: "No site is open to you yet",
    text: "Whoever manages a site can make you a member of it. Then it appears here.",
  });
}

function createSite(navigate) {
  const title = h("input", { type: "text", name: "title", required: true, maxLength: 200, autocomplete: "off" });
  const slug = h("input", { type: "text", name: "slug", required: true, maxLength: 63, autocomplete: "off", autocapitalize: "none", spellcheck: false });
  followTitle(slug, title);
  const form = h("form", {},
    field({ label: "Title", hint: "What people call it.", control: title }),
    field({ label: "Name in addresses", hint: "Lower-case letters, digits and hyphens. It stays for ever.", control: slug }),
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton("Create the site")));
  const dialog = openDialog({ title: "New site", content: form });
  onSubmit(form, async (values, { idempotencyKey }) => {
    if (RESERVED_SITES.includes(values.slug)) {
      form.querySelector('[data-pointer="/slug"]').setError("This name is an address of the app's own: choose another.");
      return;
    }
    const { body } = await send("POST", "/sites", { slug: values.slug.trim(), title: values.title.trim() }, { idempotencyKey });
    dialog.close();
    toast(`${body.title} is there.`);
    await navigate(siteAddress(body.slug));
  });
  title.focus();
}
