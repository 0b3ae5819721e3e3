/* What the history screen works on: one page, as it is now, and what its parts have in common. */

import { pagePath } from "../lib/addresses.js";
import { get, look, Problem } from "../lib/api.js";
import { may } from "../lib/session.js";

export class Work {
  constructor({ parameters: { site, page }, signal, navigate }) {
    Object.assign(this, { site, page, signal, navigate, path: pagePath(site, page), state: null, draft: null, asked: 0, shown: 0 });
    this.refreshing = [];
  }

  /** Ask how the page is now; a page that has a draft only has no state yet. */
  async load() {
    const own = (this.asked += 1);
    const [state, draft] = await Promise.all([this.find(this.path), may("draft", this.site) ? this.findDraft() : null]);
    // Answers may come in another order than they were asked for.
    if (own > this.shown) Object.assign(this, { state, draft, shown: own });
  }

  /** Do something whenever the page has changed. */
  onChange(listener) {
    this.refreshing.push(listener);
  }

  async refresh() {
    await this.load();
    await Promise.all(this.refreshing.map((listener) => listener()));
  }

  async findDraft() {
    try {
      const { body, etag } = await look(`${this.path}/draft`, { signal: this.signal });
      return { ...body, etag: etag ?? `"r${body.revision}"` };
    } catch (error) {
      return missing(error);
    }
  }

  async find(path) {
    try {
      return await get(path, { signal: this.signal });
    } catch (error) {
      return missing(error);
    }
  }

  get can() {
    return { draft: may("draft", this.site), publish: may("publish", this.site) };
  }

  get newest() {
    return this.state?.versions ?? 0;
  }

  get live() {
    return this.state?.live?.version ?? 0;
  }

  get hasDraft() {
    return Boolean(this.draft?.is_saved);
  }
}

/** The permanent address of a version, which is there as long as its finished page is kept. */
export const permanent = (work, version) => `/-/v/${work.site}/${work.page}/${version}`;

function missing(error) {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
}
