/* Saves the draft by itself, a moment after the last change, and says how that stands.

   Every save names the revision it was made from. Where somebody else has saved since, nothing is overwritten and
   nothing is dropped: `conflict` says what they have, and somebody chooses. What is not saved is kept in the browser. */

import { Problem, send } from "../lib/api.js";
import { isEqual } from "./pointer.js";

const AFTER_MS = 800;
// Somebody who never pauses is saved all the same.
const AT_LATEST_MS = 5_000;
const KEEP_AFTER_MS = 150;
const AGAIN_AFTER_MS = 5_000;
// Saves without an answer that are remembered; of somebody who writes on offline only the first may have got through.
const MOST_UNANSWERED = 4;

/**
 * @typedef {object} Base what the server has, as far as is known here
 * @property {object} config
 * @property {number} revision
 * @property {string} etag
 * @property {number} version the version that the draft was begun from
 */

/** Events: `state`, `draft` with what the server answered, `conflict` with `theirs`. */
export class Autosave extends EventTarget {
  #timer = 0;
  #keeping = 0;
  #waitingSince = 0;
  #saving = null;
  // What was sent and not answered: the server may have any of it.
  #unanswered;
  #ending = new AbortController();

  /**
   * @param {{model: import("./model.js").Model, path: string, keeper: import("./keeper.js").Keeper, base: Base,
   *   sent?: object[]}} given `sent` are configs that were sent before and not answered
   */
  constructor({ model, path, keeper, base, sent = [] }) {
    super();
    Object.assign(this, { model, path, keeper, base, isKept: true, state: { kind: "saved", at: 0 } });
    this.#unanswered = sent;
    const { signal } = this.#ending;
    model.addEventListener("change", ({ detail }) => detail.cause !== "follow" && this.touch(), { signal });
    addEventListener("online", () => this.#again(0), { signal });
    addEventListener("offline", () => this.isClean || this.#become("offline"), { signal });
    addEventListener("pagehide", () => this.keep(), { signal });
  }

  /** Whether the server has everything, and nothing else. */
  get isClean() {
    return this.#unanswered.length === 0 && isEqual(this.model.config, this.base.config);
  }

  /** Something changed: save it soon. */
  touch() {
    if (this.isClean) return this.#settle();
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => this.keep(), KEEP_AFTER_MS);
    if (this.state.kind === "conflict") return undefined;
    this.#become(navigator.onLine ? "changed" : "offline");
    this.#waitingSince ||= Date.now();
    return this.#again(Math.min(AFTER_MS, Math.max(0, this.#waitingSince + AT_LATEST_MS - Date.now())));
  }

  /** Save now. @returns {Promise<boolean>} whether the server has everything */
  async flush() {
    clearTimeout(this.#timer);
    for (let tried = 0; tried < 3 && !this.isClean && this.state.kind !== "conflict"; tried += 1) {
      this.#saving ??= this.#save();
      if (!(await this.#saving)) break;
    }
    return this.isClean;
  }

  /** Go on from what somebody else saved, with this config in its place. */
  resolve(config, theirs) {
    this.base = theirs;
    // Both sides become steps of the history, so that whatever was chosen can be undone.
    this.model.replace(theirs.config);
    this.model.replace(config);
    this.#become("changed");
    this.touch();
    return this.flush();
  }

  /** Take what somebody else saved, while there is nothing here to lose. */
  follow(base) {
    this.base = base;
    this.model.follow(base.config);
    this.#settle();
  }

  /** Stop; what is not saved is kept in the browser. */
  end() {
    this.keep();
    clearTimeout(this.#timer);
    this.#ending.abort();
  }

  /** Keep what is not saved in the browser. @returns {boolean} whether there was room */
  keep() {
    clearTimeout(this.#keeping);
    const { isKept } = this;
    if (this.isClean) this.keeper.clear();
    else this.isKept = this.keeper.write({ config: this.model.config, base: this.base, sent: this.#unanswered });
    if (this.isKept !== isKept) this.dispatchEvent(new CustomEvent("state"));
    return this.isKept;
  }

  #again(afterMs) {
    clearTimeout(this.#timer);
    if (this.isClean || this.state.kind === "conflict") return;
    this.#timer = setTimeout(() => this.flush(), afterMs);
  }

  async #save() {
    const { config } = this.model;
    this.#waitingSince = 0;
    this.#unanswered = [...this.#unanswered.filter((sent) => !isEqual(sent, config)), config].slice(-MOST_UNANSWERED);
    this.#become(navigator.onLine ? "saving" : "offline");
    try {
      const body = { config, base_version: this.base.version };
      const answer = await send("PUT", `${this.path}/draft`, body, { ifMatch: this.base.etag, signal: this.#ending.signal });
      this.#saved(config, answer);
      return true;
    } catch (problem) {
      return this.#failed(problem);
    } finally {
      this.#saving = null;
    }
  }

  #saved(config, { body, etag }) {
    this.base = baseOf({ body: { ...body, config }, etag });
    this.#unanswered = [];
    this.dispatchEvent(new CustomEvent("draft", { detail: { draft: body, config } }));
    this.#goOn(Date.now());
  }

  /** Something may have changed while it was being saved. */
  #goOn(at) {
    if (this.isClean) return this.#settle(at);
    this.#become("changed");
    return this.#again(AFTER_MS);
  }

  /** @returns {boolean} whether saving can go on at once */
  #failed(problem) {
    if (problem.name === "AbortError") return false;
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 412 && problem.body.theirs) return this.#met(problem.body.theirs);
    const isRefused = !problem.isOffline && problem.status < 500;
    if (isRefused) this.#unanswered.pop();
    this.#become(problem.isOffline ? "offline" : "refused", { detail: problem.detail });
    if (!isRefused || [401, 429].includes(problem.status)) this.#again((problem.retryAfter ?? 0) * 1000 || AGAIN_AFTER_MS);
    return false;
  }

  /** The draft is another than the base: somebody else's, or what was sent from here and never answered. */
  #met(theirs) {
    const base = baseOf({ body: theirs, etag: null });
    const isOwn = this.#unanswered.some((sent) => isEqual(sent, theirs.config));
    this.#unanswered = [];
    // Nothing to choose, either where they saved just what stands here.
    if (isOwn || isEqual(theirs.config, this.model.config)) {
      this.base = base;
      this.#goOn(theirs.at);
      return true;
    }
    this.#become("conflict", { theirs, base });
    this.dispatchEvent(new CustomEvent("conflict", { detail: { theirs, base } }));
    return false;
  }

  #settle(at = this.state.at) {
    clearTimeout(this.#timer);
    clearTimeout(this.#keeping);
    this.#waitingSince = 0;
    this.keeper.clear();
    this.#become("saved", { at });
  }

  #become(kind, more = {}) {
    this.state = { at: this.state.at, ...more, kind };
    this.dispatchEvent(new CustomEvent("state"));
  }
}

/** What a save begins from, out of an answer that carries a draft. @returns {Base} */
export function baseOf({ body, etag }) {
  const { config, revision, base_version: version } = body;
  return { config, revision, version: version ?? 0, etag: etag ?? `"r${revision}"` };
}
