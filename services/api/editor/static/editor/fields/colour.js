/* A colour: picked, or written as CSS knows it, with what it does to reading. */

import { fill, h } from "../../lib/dom.js";
import { contrast, hexOf, parse } from "../colours.js";
import { frame } from "./frame.js";
import { leaf } from "./leaf.js";
import { showText, written } from "./text.js";

const READABLE = 4.5;

export function colourField(spec, place) {
  const control = h("input", { class: "control", type: "text", placeholder: spec.preset ?? "", autocomplete: "off" });
  const picker = h("input", { class: "colour-picker", type: "color", "aria-label": `Pick ${spec.label.toLowerCase()}` });
  const note = h("p", { class: "field-hint" });
  control.addEventListener("input", () => place.type(written(spec, control.value.trim())));
  picker.addEventListener("input", () => place.type(picker.value));
  const show = (value) => {
    showText(control, value);
    const colour = parse(value ?? spec.preset ?? "");
    if (colour) picker.value = hexOf(colour);
    fill(note, colour ? noteOn(colour, place) : "");
  };
  const framed = frame(spec, control, picker, note);
  framed.element.classList.add("colour-field");
  return leaf({ spec, framed, control, show });
}

/** What a colour means for whoever reads the page. */
function noteOn(colour, place) {
  if (place.step === "background") {
    const [black, white] = [contrast(colour, [0, 0, 0]), contrast(colour, [255, 255, 255])];
    return `Text on it is ${black >= white ? "dark" : "light"}, contrast up to ${shown(Math.max(black, white))} : 1.`;
  }
  const ground = parse(place.model.at(["background"]) ?? "#ffffff");
  const found = ground ? contrast(colour, ground) : 21;
  const verdict = found >= READABLE ? "easy to read" : "hard to read, so the page shifts it where it is text";
  return `Contrast with the background ${shown(found)} : 1, ${verdict}.`;
}

function shown(ratio) {
  return ratio.toFixed(1);
}
