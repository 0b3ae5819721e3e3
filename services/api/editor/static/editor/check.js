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
