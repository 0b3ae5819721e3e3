/* JSON pointers (RFC 6901), and changes to a value that leave the old one as it was.

   What did not change is shared between the old and the new value, so `===` tells whether a part changed. */

/** The steps of a pointer: names, and indexes as texts. */
export function stepsOf(pointer) {
  return pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The pointer of some steps. */
export function pointerOf(steps) {
  return steps.map((step) => "/" + String(step).replaceAll("~", "~0").replaceAll("/", "~1")).join("");
}

/** A pointer into a request's body as one into the config that the body carries. */
export function inConfig(pointer) {
  return pointer === "/config" ? "" : pointer.startsWith("/config/") ? pointer.slice("/config".length) : pointer;
}

/** What stands at some steps, undefined where nothing does. */
export function partOf(value, steps) {
  return steps.reduce((part, step) => (isContainer(part) && Object.hasOwn(part, step) ? part[step] : undefined), value);
}

/** A value with another part at some steps; undefined takes the part out. */
export function withPart(value, steps, part) {
  if (steps.length === 0) return part;
  const [step, ...rest] = steps;
  const inner = withPart(isContainer(value) ? value[step] : undefined, rest, part);
  return Array.isArray(value) ? withItem(value, Number(step), inner) : withField(value, step, inner);
}

/** Whether two JSON values are equal; null and an absent field are the same, as they are to the API. */
export function isEqual(one, other) {
  if (one === other) return true;
  if (one == null || other == null) return one == other;
  if (!isContainer(one) || !isContainer(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  if (Array.isArray(one) && one.length !== other.length) return false;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) => isEqual(one[name], other[name]));
}

export function isContainer(value) {
  return typeof value === "object" && value !== null;
}

function withItem(list, index, item) {
  return item === undefined ? list.toSpliced(index, 1) : list.toSpliced(index, 1, item);
}

function withField(value, name, part) {
  const { [name]: _, ...others } = isContainer(value) ? value : {};
  if (part === undefined) return others;
  // A field that was there keeps its place, so that the same config stays the same text.
  return isContainer(value) && Object.hasOwn(value, name) ? { ...value, [name]: part } : { ...others, [name]: part };
}
