/* Keeps what is not saved yet in this browser, per account and page, so that neither a lost connection nor a closed
   window loses it. */

const PREFIX = "platen:unsaved";

export class Keeper {
  /**
   * @param {{account: string, site: string, page: string}} whose
   * @param {Storage|null} storage
   */
  constructor({ account, site, page }, storage = ownStorage()) {
    this.name = [PREFIX, account, site, page].join(":");
    this.storage = storage;
    this.own = null;
  }

  /** What was kept, null where nothing was, or nothing that can be read. */
  read() {
    try {
      const text = this.storage.getItem(this.name);
      const kept = JSON.parse(text);
      if (!kept?.config || !kept?.base) return null;
      this.own = text;
      return kept;
    } catch {
      return null;
    }
  }

  /**
   * @param {{config: object, base: object, sent: object[]}} unsaved what is not saved, what it was made from, and what
   *   of it was sent and not answered
   * @returns {boolean} whether there was room
   */
  write(unsaved) {
    try {
      const text = JSON.stringify({ ...unsaved, at: Date.now() });
      this.storage.setItem(this.name, text);
      this.own = text;
      return true;
    } catch {
      return false;
    }
  }

  /** Another window may keep something as well: that stays. */
  clear() {
    if (this.own !== null && this.storage.getItem(this.name) === this.own) this.storage.removeItem(this.name);
    this.own = null;
  }
}

/** Some browsers forbid even to ask for it. */
function ownStorage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
