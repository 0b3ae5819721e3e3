/* Small drawings beside a word; they never stand alone without a name for those who do not see them. */

import { h } from "./dom.js";

const PATHS = {
  add: "M8 3v10M3 8h10",
  check: "M3 8.5l3.2 3.2L13 5",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  cross: "M4 4l8 8M12 4l-8 8",
  down: "M4 6l4 4 4-4",
  dash: "M4 8h8",
  dots: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  clock: "M8 4.5V8l2.3 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  grip: "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
  help: "M6 6a2 2 0 1 1 2.8 1.800c-.6.300-.8.700-.8 1.400M8 12h.01",
  external: "M9 3h4v4M13 3L7.5 8.5M11 9.5V13H3V5h3.5",
  key: "M7.5 8.5L13 3M11 5l1.5 1.5M8 11a3 3 0 1 1-6 0 3 3 0 0 1 6 0z",
  next: "M6 4l4 4-4 4",
  pause: "M5.5 4v8M10.5 4v8",
  pencil: "M3 13l.6-2.8L10.800 3l2.200 2.200-7.200 7.200z",
  people: "M8.500 5.500a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0zM1.500 13c0-2.500 2-4 4.500-4s4.500 1.500 4.500 4M10.500 3.300a2.500 2.500 0 0 1 0 4.400M12 9.300c1.600.500 2.500 1.900 2.500 3.700",
  retry: "M13 8a5 5 0 1 1-1.500-3.550M13 2v3h-3",
  redo: "M13 6.500H6.500a3.500 3.500 0 0 0 0 7H9M10 3.500l3 3-3 3",
  undo: "M3 6.500h6.500a3.500 3.500 0 0 1 0 7H7M6 3.500l-3 3 3 3",
  search: "M11 7A4 4 0 1 1 3 7a4 4 0 0 1 8 0zM10 10l3.500 3.500",
  swap: "M3 5.500h9L9.500 3M13 10.500H4L6.500 13",
  up: "M4 10l4-4 4 4",
  warning: "M8 3L14 13H2zM8 7v2.500M8 11.300v.01",
};

/** An icon of the size of the text beside it. */
export function icon(name) {
  return h("svg:svg", { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    h("svg:path", { d: PATHS[name] }));
}
