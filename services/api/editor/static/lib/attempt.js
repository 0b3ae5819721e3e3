/* What is sent again because no answer came: as long as it is word for word the same, it carries the same key, and so is
   done once. Where the answer was lost it may have been done already, and would be refused, or done twice. */

import { newKey } from "./api.js";

export class Attempt {
  #text = null;
  #key = "";

  /** The Idempotency-Key of what is sent, given as a text. */
  keyOf(text) {
    if (text !== this.#text) this.#key = newKey();
    this.#text = text;
    return this.#key;
  }

  /** It was answered: whatever is sent next is another. */
  end() {
    this.#text = null;
  }
}
