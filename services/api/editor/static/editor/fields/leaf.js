/* A field with nothing inside it, as a view: what every control of one value has in common. */

/**
 * What every part of the form can do.
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {(value: unknown) => void} update show a value
 * @property {(faults: object[]) => void} fault say what is wrong, or with an empty list that nothing is
 * @property {(steps: string[]) => View} find the innermost view at some steps
 * @property {() => Iterable<View>} all it and all inside
 * @property {() => void} focus
 * @property {string} label
 */

/** @returns {View} */
export function leaf({ spec, framed, control, show }) {
  let shown;
  const view = {
    spec,
    label: spec.label,
    element: framed.element,
    fault: framed.fault,
    focus: () => control.focus(),
    find: () => view,
    all: () => [view],
    update(value) {
      if (value === shown && value !== undefined) return;
      shown = value;
      show(value);
    },
  };
  return view;
}
