/* Does what a button is for once at a time, however often it is pressed meanwhile, and tells what was refused. */

import { toast } from "./announce.js";

/** @param {function(Event): *} act @returns {function(Event): Promise} */
export function oneAtATime(act) {
  let isActing = false;
  return async (event) => {
    if (isActing) return;
    isActing = true;
    try {
      await act(event);
    } catch (error) {
      tell(error);
    } finally {
      isActing = false;
    }
  };
}

function tell(error) {
  // The screen was left.
  if (error.name === "AbortError") return;
  if (error.name !== "Problem") throw error;
  toast(error.detail, { kind: "problem" });
}
