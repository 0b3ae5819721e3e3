/* The config in the editor's hands: what it is, what it was, and who wants to know when it changes.

   A config is never changed, only replaced, so a step of the history is a reference. */

import { isEqual, partOf, withPart } from "./pointer.js";

const MOST_STEPS = 200;
const ONE_THOUGHT_MS = 1200;

export class Model extends EventTarget {
  #past = [];
  #future = [];
  #last = { key: null, at: 0 };

  /**
   * @param {object} config what to begin with
   * @param {() => number} now milliseconds
   */
  constructor(config, now = () => performance.now()) {
    super();
    this.config = config;
    this.now = now;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** What stands at some steps. */
  at(steps) {
    return partOf(this.config, steps);
  }

  /**
   * Change one part.
   * @param {Array<string|number>} steps where
   * @param {unknown} part undefined takes it out
   * @param {string} [typing] changes of the same name in quick succession are one step of the history
   */
  change(steps, part, typing = null) {
    if (isEqual(this.at(steps), part)) return;
    this.#remember(typing);
    this.#become(withPart(this.config, steps, part), "change");
  }

  /** Become another config, as one step of the history, so that nothing is lost by it. */
  replace(config) {
    if (isEqual(this.config, config)) return;
    this.#remember(null);
    this.#become(config, "replace");
  }

  /** Become what somebody else saved, while there is nothing of our own to lose. */
  follow(config) {
    this.#past = [];
    this.#future = [];
    this.#become(config, "follow");
  }

  undo() {
    this.#step(this.#past, this.#future, "undo");
  }

  redo() {
    this.#step(this.#future, this.#past, "redo");
  }

  #step(from, to, cause) {
    if (from.length === 0) return;
    to.push(this.config);
    this.#last = { key: null, at: 0 };
    this.#become(from.pop(), cause);
  }

  #remember(typing) {
    const isSameThought = typing !== null && typing === this.#last.key && this.now() - this.#last.at < ONE_THOUGHT_MS;
    this.#last = { key: typing, at: this.now() };
    this.#future = [];
    if (isSameThought) return;
    this.#past.push(this.config);
    if (this.#past.length > MOST_STEPS) this.#past.shift();
  }

  #become(config, cause) {
    this.config = config;
    this.dispatchEvent(new CustomEvent("change", { detail: { cause } }));
  }
}
