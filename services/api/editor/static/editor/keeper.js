/* Keeps what is not saved yet in this browser, per account and page, so that neither a lost connection nor a closed
   window loses it. */

const PREFIX = "platen:unsaved";

export class Keeper {
  /**
   * @param {{account: string, site: string, page: string}} whose
   * @param {Storage} storage
   */
  constructor({ account, site, page }, storage = localStorage) {
    this.name = [PREFIX, account, site, page].join(":");
    this.storage = storage;
  }

  /** What was kept, null where nothing was, or nothing that can be read. */
  read() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.name));
      return kept?.config && kept?.base ? kept : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {object} config what is not saved
   * @param {object} base what it was made from
   * @returns {boolean} whether there was room
   */
  write(config, base) {
    try {
      this.storage.setItem(this.name, JSON.stringify({ config, base, at: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  clear() {
    this.storage.removeItem(this.name);
  }
}
