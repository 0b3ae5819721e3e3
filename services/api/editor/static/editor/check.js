/* What a field's schema says of a value, at once and without the network; the API knows more and has the last word. */

/**
 * @param {import("./schema.js").Spec} spec
 * @param {unknown} value
 * @returns {string} what is wrong, "" where nothing is
 */
export function check(spec, value) {
  const { schema } = spec;
  if (value === undefined || value === null) return spec.canBeLeftOut ? "" : `${spec.label} is missing.`;
  if (schema.type === "string") return checkText(schema, value);
  if (schema.type === "integer" || schema.type === "number") return checkNumber(schema, value);
  if (schema.enum && !schema.enum.includes(value)) return `This must be one of ${schema.enum.join(", ")}.`;
  return "";
}

function checkText(schema, value) {
  if (typeof value !== "string") return "This must be a text.";
  const length = [...value].length;
  if (length < (schema.minLength ?? 0)) return "Something has to be written here.";
  if (length > (schema.maxLength ?? Infinity)) return `This may have at most ${schema.maxLength} characters; it has ${length}.`;
  return schema.pattern && !new RegExp(schema.pattern, "u").test(value) ? "This does not fit here." : "";
}

function checkNumber(schema, value) {
  if (typeof value !== "number") return "This must be a number.";
  if (schema.type === "integer" && !Number.isInteger(value)) return "This must be a whole number.";
  if (value < (schema.minimum ?? -Infinity)) return `This must be at least ${schema.minimum}.`;
  return value > (schema.maximum ?? Infinity) ? `This must be at most ${schema.maximum}.` : "";
}

/**
 * Whether a config can be shown, as far as its schema knows: what cannot is not worth asking a builder for.
 * @param {import("./schema.js").Schema} schema
 * @param {import("./schema.js").Spec} spec
 * @param {unknown} value
 * @returns {boolean}
 */
export function isWhole(schema, spec, value) {
  if (check(spec, value) !== "") return false;
  if (spec.shape === "object" && value != null) return areWhole(schema, schema.fields(spec.schema), value);
  if (spec.shape === "line-list" || spec.shape === "grid") return cellsAreWhole(schema, spec, value);
  if (spec.shape === "list") return listIsWhole(schema, spec, value);
  if (spec.shape === "widgets") return (value ?? []).every((item) => widgetIsWhole(schema, spec, item));
  return true;
}

function areWhole(schema, fields, value) {
  return fields.every(([name, spec]) => isWhole(schema, spec, value?.[name]));
}

function cellsAreWhole(schema, spec, value) {
  const item = schema.spec(spec.schema.items, "", true);
  return (value ?? []).every((part) => (Array.isArray(part) ? cellsAreWhole(schema, item, part) : check(item, part) === ""));
}

function listIsWhole(schema, spec, value) {
  const item = schema.spec(spec.schema.items, "", true);
  const list = value ?? [];
  return list.length >= (spec.schema.minItems ?? 0) && list.every((part) => isWhole(schema, item, part));
}

/** The same of one widget. */
export function widgetIsWhole(schema, spec, item) {
  const kind = schema.widgets(spec).get(item?.type);
  return kind !== undefined && areWhole(schema, schema.fields(kind), item);
}
