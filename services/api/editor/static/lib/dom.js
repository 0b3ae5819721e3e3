/* Makes elements. Text is always text: nothing here ever parses markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} tag its name; a name with "svg:" in front is of SVG
 * @param {object} [properties] `on…` are listeners, `dataset` and `style` are objects, a property of the element is
 *   set as such, everything else becomes an attribute; null, undefined and false leave it out
 * @param {...*} children elements and texts, nested arrays included; null, undefined and false are left out
 */
export function h(tag, properties = {}, ...children) {
  const element = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  // The value of a <select> can only be chosen once its options are there.
  const { value, ...others } = properties ?? {};
  for (const [name, given] of Object.entries(others)) set(element, name, given);
  element.append(...nodes(children));
  if (value !== undefined && value !== null) set(element, "value", value);
  return element;
}

/** Put children in the place of those that are there. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
  else if (isProperty(element, name)) element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/** `list` and `form` are read-only properties; what has a dash or belongs to SVG is never one. */
function isProperty(element, name) {
  return name in element && !["list", "form", "class", "role"].includes(name) && element.namespaceURI !== SVG;
}
