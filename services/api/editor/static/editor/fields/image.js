/* The address of an image, and the image as it comes from there. */

import { h } from "../../lib/dom.js";
import { frame } from "./frame.js";
import { leaf } from "./leaf.js";
import { showText, written } from "./text.js";

const PAUSE_MS = 500;

export function imageField(spec, place, form) {
  const control = h("input", { class: "control", type: "text", inputMode: "url", autocomplete: "off" });
  const image = h("img", { class: "thumbnail", alt: "", hidden: true, decoding: "async", referrerPolicy: "no-referrer" });
  const missing = h("p", { class: "field-hint", hidden: true }, "No picture comes from this address.");
  let timer = 0;
  image.addEventListener("load", () => reveal(image, missing));
  image.addEventListener("error", () => reveal(missing, image));
  control.addEventListener("input", () => place.type(written(spec, control.value.trim())));
  const show = (value) => {
    showText(control, value);
    clearTimeout(timer);
    timer = setTimeout(() => load(image, missing, addressOf(value, form.site)), PAUSE_MS);
  };
  return leaf({ spec, framed: frame(spec, control, image, missing), control, show });
}

function load(image, missing, address) {
  image.hidden = missing.hidden = true;
  if (address) image.src = address;
  else image.removeAttribute("src");
}

function reveal(shown, other) {
  shown.hidden = false;
  other.hidden = true;
}

/** Where an image comes from, read as on the page; "" where the address is not ready to be asked. */
function addressOf(value, site) {
  if (typeof value !== "string" || value === "") return "";
  try {
    const address = new URL(value, `${location.origin}/${site}/`);
    return /^https?:$/.test(address.protocol) ? address.href : "";
  } catch {
    return "";
  }
}
