/* The title of a site. */

import { toast } from "../lib/announce.js";
import { send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { section } from "../lib/parts.js";

export function generalPart(site) {
  const title = h("input", { type: "text", name: "title", value: site.title, required: true, maxLength: 200, autocomplete: "off" });
  const form = h("form", { class: "form" },
    field({ label: "Title", hint: "What people call the site: here, and in the head of its pages.", control: title }),
    h("div", { class: "form-buttons" }, submitButton("Save the title", "plain")));
  onSubmit(form, async (values, sending) => {
    const { body } = await send("PUT", `/sites/${encodeURIComponent(site.slug)}/title`, { title: values.title.trim() });
    sending.show(() => (title.value = body.title));
    toast("The title is saved. Pages show it when they are built next.");
  });
  return section({ title: "General", text: `In addresses the site is called ${site.slug}, for ever.` }, form);
}
