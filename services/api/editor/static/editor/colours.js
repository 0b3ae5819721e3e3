/* Colours as numbers: read as CSS reads them, compared as WCAG 2.2 defines contrast. */

const probe = document.createElement("span");

/** @returns {number[]|null} red, green and blue of a colour that CSS knows, null where it is none */
export function parse(text) {
  if (typeof text !== "string" || !CSS.supports("color", text.trim())) return null;
  probe.style.color = text.trim();
  document.body.append(probe);
  const found = getComputedStyle(probe).color.match(/^rgb\((\d+), (\d+), (\d+)\)$/);
  probe.remove();
  return found && found.slice(1).map(Number);
}

export function hexOf(colour) {
  return "#" + colour.map((channel) => channel.toString(16).padStart(2, "0")).join("");
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.map((channel) => linear(channel / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function linear(part) {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}
