/* Gives a page another address. The old one leads there from then on, so no link to it breaks. */

import { historyAddress } from "../lib/addresses.js";
import { toast } from "../lib/announce.js";
import { send } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { button } from "../lib/parts.js";

export function movePage({ site, page, path, navigate }) {
  const to = h("input", { type: "text", name: "to", value: page, required: true, maxLength: 63, autocomplete: "off", autocapitalize: "none", spellcheck: false });
  const form = h("form", {},
    field({ label: "Name in addresses", hint: "Lower-case letters, digits and hyphens.", control: to }),
    h("p", { class: "note small" }, `Versions, draft and schedules come along. Whoever asks for ${location.host}/${site}/${page} is sent on to the new address.`),
    h("div", { class: "dialog-buttons" }, button("Cancel", () => dialog.close()), submitButton("Move the page")));
  const dialog = openDialog({ title: "Move this page", content: form });
  onSubmit(form, async (values) => {
    const { body } = await send("POST", `${path}/move`, { to: values.to.trim() });
    dialog.close();
    await navigate(historyAddress(site, body.page), { replace: true });
    toast(`The page is at ${body.url} now.`);
  });
  to.select();
}
