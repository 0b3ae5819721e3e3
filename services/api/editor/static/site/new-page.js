/* Asks what a new page shall be called in addresses, and goes to its editor. It comes into being with its first draft. */

import { pageAddress } from "../lib/addresses.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { button } from "../lib/parts.js";
import { slugOf } from "../lib/slug.js";

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function newPage(site, list, navigate) {
  const slug = h("input", { type: "text", name: "slug", required: true, maxLength: 63, autocomplete: "off", autocapitalize: "none", spellcheck: false });
  const shown = h("output", { class: "note small" });
  const tell = () => (shown.textContent = address(site, slugOf(slug.value)));
  slug.addEventListener("input", tell);
  tell();
  const wrapped = field({ label: "Name in addresses", hint: "Lower-case letters, digits and hyphens, such as spring-sale. The home page is called index.", control: slug });
  const form = h("form", {}, wrapped, shown,
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton("Write the page")));
  const dialog = openDialog({ title: "New page", content: form });
  onSubmit(form, async () => {
    const name = slugOf(slug.value);
    const problem = refusal(name, list);
    if (problem) {
      wrapped.setError(problem);
      slug.focus();
      return;
    }
    dialog.close();
    await navigate(pageAddress(site, name));
  });
  slug.focus();
}

function refusal(name, list) {
  if (!SLUG.test(name)) return "Use letters or digits.";
  return list.items.has(name) ? "There is a page with this name already." : "";
}

function address(site, name) {
  return `Visitors will find it at ${location.host}/${site}${name === "index" ? "" : `/${name || "…"}`}`;
}
