/* The address of an image, and the image as it comes from there; its size is taken from it where nobody wrote one. */

import { h } from "../../lib/dom.js";
import { isEqual, pointerOf } from "../pointer.js";
import { frame } from "./frame.js";
import { leaf } from "./leaf.js";
import { showText, written } from "./text.js";

const PAUSE_MS = 500;

export function imageField(spec, place, form) {
  const control = h("input", { class: "control", type: "text", inputMode: "url", autocomplete: "off" });
  const image = h("img", { class: "thumbnail", alt: "", hidden: true, decoding: "async", referrerPolicy: "no-referrer" });
  const missing = h("p", { class: "field-hint", hidden: true }, "No picture comes from this address.");
  const size = new Size(place, form);
  let timer = 0;
  image.addEventListener("load", () => {
    reveal(image, missing);
    size.take(image);
  });
  image.addEventListener("error", () => reveal(missing, image));
  control.addEventListener("input", () => {
    size.isWanted = true;
    place.type(written(spec, control.value.trim()));
  });
  const show = (value) => {
    showText(control, value);
    clearTimeout(timer);
    timer = setTimeout(() => load(image, missing, addressOf(value, form.site)), PAUSE_MS);
  };
  return leaf({ spec, framed: frame(spec, control, image, missing), control, show });
}

/** The fields beside an image that say how wide and high it is, in pixels. */
class Size {
  /** @param {import("../place.js").Place} place of the image's address */
  constructor(place, form) {
    Object.assign(this, { place, form, isWanted: false, taken: null });
  }

  /** Write down how large an image is, if somebody gave its address just now and no size of their own. */
  take({ naturalWidth: width, naturalHeight: height }) {
    const { parent, model, pointer } = this.place;
    const value = parent.value ?? {};
    const isFree = (value.width == null && value.height == null) || (this.taken && isEqual(sizeOf(value), this.taken));
    if (!this.isWanted || !isFree || !this.#fits(width, "width") || !this.#fits(height, "height")) return;
    this.isWanted = false;
    this.taken = { width, height };
    // One step of the history with the address.
    model.change(parent.steps, { ...value, ...this.taken }, pointer);
  }

  #fits(pixels, name) {
    const { kind, schema } = this.form.viewAt(pointerOf([...this.place.parent.steps, name])).spec ?? {};
    return kind === "pixels" && pixels >= (schema.minimum ?? 1) && pixels <= (schema.maximum ?? Infinity);
  }
}

const sizeOf = ({ width, height }) => ({ width, height });

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
