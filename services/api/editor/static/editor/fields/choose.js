/* Which control a field gets: by its shape, and for texts by their kind. What is not known here gets a plain one. */

import { WidgetsField } from "./widgets.js";
import { booleanField } from "./boolean.js";
import { choiceField } from "./choice.js";
import { colourField } from "./colour.js";
import { imageField } from "./image.js";
import { linesField } from "./lines.js";
import { ListField } from "./list.js";
import { numberField } from "./number.js";
import { ObjectField } from "./object.js";
import { textField } from "./text.js";
import { unknownField } from "./unknown.js";

const TEXTS = { colour: colourField, image: imageField };
const SHAPES = {
  number: numberField,
  boolean: booleanField,
  choice: choiceField,
  object: (...given) => new ObjectField(...given),
  list: (...given) => new ListField(...given),
  widgets: (...given) => new WidgetsField(...given),
  "line-list": linesField,
};

/** @returns {import("./leaf.js").View} */
export function fieldFor(spec, place, form) {
  const make = spec.shape === "text" ? (TEXTS[spec.kind] ?? textField) : (SHAPES[spec.shape] ?? unknownField);
  return make(spec, place, form);
}
