/* Addresses within the history of a page. */

import { historyAddress } from "../lib/addresses.js";

export const DRAFT = "draft";

/** Where two versions, or a version and the draft, are compared. */
export const comparisonAddress = ({ site, page }, before, after) => `${historyAddress(site, page)}?${new URLSearchParams({ before, after })}`;
