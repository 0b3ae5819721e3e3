/* The hostnames under which visitors find a site. */

import { toast } from "../lib/announce.js";
import { send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { section } from "../lib/parts.js";

export function hostnamesPart(site) {
  const names = h("textarea", { name: "hostnames", rows: 3, value: site.hostnames.join("\n"), autocapitalize: "none", spellcheck: false });
  const form = h("form", { class: "form" },
    field({ label: "Hostnames", hint: "One per line, such as www.example.com. The first is the one that search engines learn.", control: names, isOptional: true }),
    h("div", { class: "form-buttons" }, submitButton("Save the hostnames", "plain")));
  onSubmit(form, async (_values, sending) => {
    const hostnames = names.value.split(/[\s,]+/).filter(Boolean);
    const { body } = await send("PUT", `/sites/${encodeURIComponent(site.slug)}/hostnames`, { hostnames });
    sending.show(() => (names.value = body.hostnames.join("\n")));
    toast("The hostnames are saved; they answer within moments.");
  });
  return section({ title: "Hostnames", text: `Without one, the site is at ${location.host}/${site.slug}.` }, form);
}
