/* What a form has to know of a config's JSON Schema; nothing here or in the fields knows a single widget by name. */

const MOST_IN_ONE_LINE = 500;

/**
 * What one field is.
 * @typedef {object} Spec
 * @property {"text"|"number"|"boolean"|"choice"|"object"|"list"|"grid"|"line-list"|"widgets"|"unknown"} shape
 * @property {string} kind what suits a text: title, line, prose, markdown, colour, image, link, pixels, anchor
 * @property {string} label
 * @property {string} hint
 * @property {object} schema without references
 * @property {boolean} canBeLeftOut whether null or nothing may stand there
 * @property {unknown} preset what counts where nothing stands there
 */

export class Schema {
  /** @param {object} document with `$ref` and `$defs` */
  constructor(document) {
    this.document = document;
  }

  /** @returns {Spec} of the config itself */
  get root() {
    return this.spec(this.document, "", true);
  }

  /** A schema with what it refers to put in; what stands beside a reference wins. */
  resolve(schema) {
    const { $ref, ...own } = schema;
    return $ref ? { ...this.resolve(this.document.$defs[$ref.split("/").at(-1)]), ...own } : schema;
  }

  /** @returns {Spec} of a field */
  spec(field, name = "", isRequired = false) {
    const outer = this.resolve(field);
    const options = (outer.anyOf ?? []).filter((option) => option.type !== "null");
    const isNullable = outer.anyOf !== undefined && options.length < outer.anyOf.length;
    const schema = options.length === 1 ? { ...this.resolve(options[0]), ...without(outer, "anyOf") } : outer;
    return {
      shape: this.#shape(schema, options),
      kind: schema["x-kind"] ?? "",
      label: schema.title ?? name,
      hint: sentence(schema.description ?? ""),
      schema,
      canBeLeftOut: isNullable || !isRequired,
      preset: schema.default ?? undefined,
    };
  }

  /** The fields of an object in their order, each with its spec; what tells widgets apart is none. */
  fields(schema) {
    const required = new Set(schema.required);
    return Object.entries(schema.properties ?? {})
      .filter(([, field]) => field.const === undefined)
      .map(([name, field]) => [name, this.spec(field, name, required.has(name))]);
  }

  /** The kinds of widget that a list may hold, by the value that tells them apart. */
  widgets(spec) {
    const items = this.resolve(spec.schema.items);
    const kinds = (items.anyOf ?? [items]).map((option) => this.resolve(option));
    return new Map(kinds.map((kind) => [tagOf(kind)[1], kind]));
  }

  /** What a new part begins as: as little as shows all that has to be filled in. */
  blank(spec) {
    if (spec.preset !== undefined) return spec.preset;
    const item = () => this.blank(this.spec(spec.schema.items, "", true));
    switch (spec.shape) {
      case "object": return this.blankObject(spec.schema);
      case "grid": return [["", ""]];
      case "line-list": return ["", ""];
      case "list": return spec.schema.minItems ? [item()] : [];
      case "widgets": return [];
      case "text": return "";
      case "boolean": return false;
      case "choice": return spec.schema.enum[0];
    }
    return undefined;
  }

  /** A new object: what tells it apart, and what it must have. */
  blankObject(schema) {
    const tag = tagOf(schema);
    const needed = this.fields(schema).filter(([, spec]) => !spec.canBeLeftOut);
    const fields = needed.map(([name, spec]) => [name, this.blank(spec)]).filter(([, value]) => value !== undefined);
    return Object.fromEntries([...(tag ? [tag] : []), ...fields]);
  }

  #shape(schema, options) {
    if (options.length > 1) return "unknown";
    if (schema.enum) return "choice";
    if (schema.type === "array") return this.#listShape(this.resolve(schema.items));
    const shapes = { string: "text", integer: "number", number: "number", boolean: "boolean", object: "object" };
    return shapes[schema.type] ?? "unknown";
  }

  #listShape(items) {
    if (items.type === "array") return "grid";
    if (items.type === "string") return "line-list";
    const kinds = (items.anyOf ?? [items]).map((option) => this.resolve(option));
    return kinds.every((kind) => tagOf(kind)) ? "widgets" : "list";
  }
}

/** The field that tells an object's kind, and its value; undefined where there is none. */
export function tagOf(schema) {
  const found = Object.entries(schema.properties ?? {}).find(([, field]) => field.const !== undefined);
  return found && [found[0], found[1].const];
}

/** Whether a text is long enough for several lines. */
export function isLong(spec) {
  const isProse = spec.kind === "prose" || spec.kind === "markdown";
  return isProse || (spec.kind === "" && (spec.schema.maxLength ?? 0) > MOST_IN_ONE_LINE);
}

function without(object, name) {
  const { [name]: _, ...others } = object;
  return others;
}

function sentence(text) {
  const words = text.trim().replaceAll("`", "");
  return words && words[0].toUpperCase() + words.slice(1) + (/[.!?)]$/.test(words) ? "" : ".");
}
