/* How what is written stands to what visitors get: which version is live, and whether the draft differs from it. The API
   compares, for it knows which of two spellings are the same. */

import { Problem, send } from "../lib/api.js";
import { watch } from "../lib/events.js";

const AFTER_MS = 300;

/** Events: `change`. */
export class Standing extends EventTarget {
  #timer = 0;
  #turn = 0;

  /**
   * @param {{site: string, page: string, path: string, live: object|undefined, autosave: import("./autosave.js").Autosave,
   *   signal: AbortSignal}} given `live` is what the API says of the live version
   */
  constructor({ site, page, path, live, autosave, signal }) {
    super();
    Object.assign(this, { page, path, autosave, signal, version: live?.version ?? 0, isSame: null });
    autosave.addEventListener("state", () => autosave.state.kind === "saved" && this.#look(), { signal });
    watch({ site }, { onEvent: (event) => this.#take(event) }, { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.#look();
  }

  #take({ type, data }) {
    if (type === "snapshot") this.#recall(data.pages?.find(({ page }) => page === this.page));
    else if (data.page === this.page && type === "page-built") this.#become(data.version);
    else if (data.page === this.page && type === "page-unpublished") this.#become(0);
  }

  /** A snapshot of a large site has not every page. */
  #recall(found) {
    if (found) this.#become(found.live?.version ?? 0);
  }

  #become(version) {
    if (version === this.version) return;
    this.#say(version, null);
    this.#look();
  }

  #look() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    if (this.version > 0) this.#timer = setTimeout(() => this.#compare(), AFTER_MS);
  }

  async #compare() {
    const { version } = this;
    const own = this.#turn;
    const asked = { before: { version }, after: { config: this.autosave.base.config } };
    try {
      const { body } = await send("POST", `${this.path}/changes`, asked, { signal: this.signal });
      if (own === this.#turn) this.#say(version, body.changes.length === 0);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Problem)) throw error;
      // What cannot be compared is not finished, and so not what is live; of anything else nothing is said.
      if (own === this.#turn) this.#say(version, error.status === 422 ? false : null);
    }
  }

  #say(version, isSame) {
    Object.assign(this, { version, isSame });
    this.dispatchEvent(new CustomEvent("change"));
  }
}
