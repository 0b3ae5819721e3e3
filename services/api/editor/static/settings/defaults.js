/* What a new page of a site begins with. */

import { toast } from "../lib/announce.js";
import { get, send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { field, onSubmit, submitButton } from "../lib/forms.js";
import { options, section } from "../lib/parts.js";

const FONTS = [["", "Sans serif, as usual"], ["sans", "Sans serif"], ["serif", "Serif"], ["mono", "Monospace"]];

export async function defaultsPart(site, signal) {
  const path = `/sites/${encodeURIComponent(site.slug)}/defaults`;
  const { config } = await get(path, { signal });
  const text = (name, value, placeholder = "") => h("input", { type: "text", name, value: value ?? "", placeholder, autocomplete: "off", spellcheck: false });
  const form = h("form", { class: "form" },
    h("div", { class: "form-row" },
      field({ label: "Language", hint: "Such as en, de or pt-BR.", control: text("lang", config.lang), isOptional: true, pointer: "/config/lang" }),
      field({ label: "Typeface", hint: "From the visitor's machine.", control: h("select", { name: "font" }, options(FONTS, config.theme?.font ?? "")), pointer: "/config/theme/font" })),
    h("div", { class: "form-row" },
      colourField("Background", "background", config.background, "/config/background"),
      colourField("Accent", "accent", config.theme?.accent, "/config/theme/accent")),
    field({ label: "Icon", hint: "The address of a picture that browsers show in the tab.", control: text("icon_url", config.icon_url, "https://"), isOptional: true, pointer: "/config/icon_url" }),
    h("div", { class: "form-buttons" }, submitButton("Save the defaults", "plain")));
  onSubmit(form, async (values) => {
    await send("PUT", path, { config: merged(config, values) });
    toast("The defaults are saved. New pages begin with them.");
  });
  return section({ title: "Defaults", text: "What a new page of this site begins with; pages that are there stay as they are." }, form);
}

/** A colour's text, with a native picker beside it that writes into it. */
function colourField(label, name, value, pointer) {
  const control = h("input", { type: "text", name, value: value ?? "", placeholder: "#rrggbb", autocomplete: "off", spellcheck: false });
  const picker = h("input", { type: "color", class: "colour-picker", "aria-label": `Pick: ${label.toLowerCase()}`, value: hex(value) });
  picker.addEventListener("input", () => {
    control.value = picker.value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
  });
  control.addEventListener("change", () => (picker.value = hex(control.value)));
  return field({ label, control, around: h("div", { class: "colour" }, picker, control), isOptional: true, pointer });
}

const hex = (value) => (/^#[0-9a-f]{6}$/i.test(value ?? "") ? value : "#ffffff");

/** What is set here changes; whatever else the defaults hold, such as widgets, stays. */
function merged(config, { lang, font, background, accent, icon_url: iconUrl }) {
  const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "" && value !== undefined));
  const theme = filled({ ...config.theme, font, accent: accent.trim() });
  const own = filled({ ...config, lang: lang.trim(), background: background.trim(), icon_url: iconUrl.trim() });
  delete own.theme;
  return Object.keys(theme).length > 0 ? { ...own, theme } : own;
}
