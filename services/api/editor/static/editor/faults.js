/* What is wrong with the config, from all who look at it: the draft, the preview, publishing, a build.

   Each looked at a config of some moment, so a fault holds until its part changes; then the schema judges, until the
   next who looks. */

import { check } from "./check.js";
import { inConfig, isEqual, partOf, stepsOf } from "./pointer.js";

export class Faults {
  #bySource = new Map();

  /** @param {(pointer: string) => import("./schema.js").Spec|undefined} specAt */
  constructor(specAt) {
    this.specAt = specAt;
  }

  /**
   * Take in what somebody found.
   * @param {string} source who looked
   * @param {Array<{pointer: string, detail: string, mend: string}>} faults
   * @param {object} config what they looked at
   */
  found(source, faults, config) {
    this.#bySource.set(source, { config, faults: faults.map((fault) => ({ ...fault, pointer: inConfig(fault.pointer ?? "") })) });
  }

  /** What is wrong with a config as far as is known, each place once, in the order of the form. */
  of(config) {
    const all = [...this.#bySource.values()].flatMap((found) => found.faults.map((fault) => this.#now(fault, found.config, config)));
    const byPlace = new Map(all.filter(Boolean).map((fault) => [fault.pointer, this.#told(fault, config)]));
    return [...byPlace.values()].sort((one, other) => compare(one.pointer, other.pointer));
  }

  /** What is only empty is no mistake, and told in fewer words. */
  #told(fault, config) {
    const value = partOf(config, stepsOf(fault.pointer));
    const isNeeded = (value == null || value === "") && !this.specAt(fault.pointer)?.canBeLeftOut;
    return isNeeded ? { ...fault, detail: "This is needed.", mend: "", isNeeded } : fault;
  }

  #now(fault, then, now) {
    const steps = stepsOf(fault.pointer);
    if (isEqual(partOf(then, steps), partOf(now, steps)) && stillThere(now, steps)) return fault;
    const spec = this.specAt(fault.pointer);
    const detail = spec && stillThere(now, steps) ? check(spec, partOf(now, steps)) : "";
    return detail && { pointer: fault.pointer, detail, mend: "" };
  }
}

/** Whether what a fault is inside is still there: a widget that was removed takes its faults along. */
function stillThere(config, steps) {
  return steps.length === 0 || partOf(config, steps.slice(0, -1)) !== undefined;
}

function compare(one, other) {
  return one.localeCompare(other, "en", { numeric: true });
}
