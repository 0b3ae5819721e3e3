/* What differs between two configs, in words a person knows: one line per field, in the order of the form. */

import { keysOf } from "./identity.js";
import { isContainer, isEqual } from "./pointer.js";

/**
 * @typedef {object} Difference
 * @property {string} label such as "Opening › Title"
 * @property {string} mine
 * @property {string} theirs
 * @property {boolean} isBoth whether both sides changed it
 */

/**
 * @param {import("./schema.js").Schema} schema
 * @param {{base: object, mine: object, theirs: object}} sides
 * @returns {Difference[]}
 */
export function differences(schema, { base, mine, theirs }) {
  const [was, ours, others] = [base, mine, theirs].map((config) => flatten(schema, config));
  const keys = [...new Set([...ours.keys(), ...others.keys()])];
  return keys
    .filter((key) => ours.get(key)?.text !== others.get(key)?.text)
    .map((key) => ({
      label: (ours.get(key) ?? others.get(key)).label,
      mine: ours.get(key)?.text ?? "",
      theirs: others.get(key)?.text ?? "",
      isBoth: [ours, others].every((side) => side.get(key)?.text !== was.get(key)?.text),
    }));
}

/** Every field that says something, by a key that stays when widgets move: key → label and text. */
function flatten(schema, config) {
  const found = new Map();
  walk(schema, schema.root, config, "", [], found);
  return found;
}

function walk(schema, spec, value, key, labels, found) {
  if (spec.shape === "object" && isContainer(value)) return walkFields(schema, spec.schema, value, key, labels, found);
  if (spec.shape === "widgets" && Array.isArray(value)) return walkWidgets(schema, spec, value, key, labels, found);
  if (value == null || isEqual(value, spec.preset)) return undefined;
  return found.set(key, { label: labels.join(" › "), text: textOf(value) });
}

function walkFields(schema, object, value, key, labels, found) {
  for (const [name, spec] of schema.fields(object))
    walk(schema, spec, value[name], `${key}/${name}`, [...labels, spec.label], found);
}

function walkWidgets(schema, spec, list, key, labels, found) {
  const kinds = schema.widgets(spec);
  const keys = keysOf(list);
  const names = list.map((item) => widgetName(kinds, item));
  list.forEach((item, index) => {
    const kind = kinds.get(item?.type);
    if (kind) walkFields(schema, kind, item, `${key}/${keys[index]}`, [names[index]], found);
  });
  if (list.length > 0) found.set(`${key}/order`, { label: `${labels.join(" › ")} › order`, text: names.join(", ") });
}

/** How people call a widget: its kind, and its title where it has one. */
export function widgetName(kinds, item) {
  const kind = kinds.get(item?.type);
  const name = kind?.title ?? item?.type ?? "Widget";
  const title = [item?.title, item?.text, item?.name].find((text) => typeof text === "string" && text.trim());
  return title ? `${name} “${title.length > 40 ? title.slice(0, 39) + "…" : title}”` : name;
}

function textOf(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (!isContainer(value)) return String(value);
  if (Array.isArray(value)) return value.map(textOf).join("\n");
  return Object.values(value).filter((part) => part != null).map(textOf).join(" · ");
}
