/* A publication as people follow it: out of its record, and then event by event. Nothing here knows a browser. */

/**
 * @typedef {object} Followed
 * @property {number} seq
 * @property {number} version 0 takes the page off
 * @property {string} state queued, building, retrying, live, failed, superseded, cancelled
 * @property {Array<{state: string, at: number, by: string}>} steps
 * @property {{code: string, reason: string, pointer: string}|null} failure
 * @property {number} attempts made so far
 * @property {number} attemptsAllowed 0 where that is not known
 * @property {number} nextAt when the next attempt is due, 0 where none is
 * @property {{servers: number, of: number, at: number}|null} served
 * @property {number|null} liveVersion what visitors get where it failed; 0 where they get nothing, null unknown
 * @property {number} supersededBy
 */

const STATES = {
  "build-started": "building",
  "page-built": "live",
  "page-unpublished": "live",
  "build-retrying": "retrying",
  "build-failed": "failed",
  "build-superseded": "superseded",
  "build-cancelled": "cancelled",
};
const ENDED = ["live", "failed", "superseded", "cancelled"];

/** @returns {Followed} */
export function fromRecord(record, known = null) {
  return {
    seq: record.seq,
    version: record.version,
    state: record.state,
    steps: record.steps,
    failure: record.failure ? { pointer: "", ...record.failure } : null,
    attempts: record.attempts,
    attemptsAllowed: known?.attemptsAllowed ?? 0,
    nextAt: known?.nextAt ?? 0,
    served: record.served ?? known?.served ?? null,
    liveVersion: known?.liveVersion ?? null,
    supersededBy: record.superseded_by,
  };
}

/** What an event makes of it; an event that is known already changes nothing. @returns {Followed} */
export function withEvent(followed, { type, data }) {
  if (data.seq !== followed.seq) return followed;
  if (type === "page-served") return { ...followed, served: { servers: data.servers, of: data.of, at: data.at } };
  const state = STATES[type];
  if (!state || isEnded(followed) || hasStep(followed, state, data.at)) return followed;
  return { ...followed, ...detailsOf(type, data), state, steps: [...followed.steps, { state, at: data.at, by: data.by ?? "" }] };
}

/** Whether it can change no more. */
export function isEnded({ state }) {
  return ENDED.includes(state);
}

/** Whether there is nothing more to wait for. */
export function isOver(followed) {
  return followed.state === "live" ? Boolean(followed.served?.at) : isEnded(followed);
}

/** The steps, each with the time since the one before it. */
export function timed({ steps }) {
  return steps.map((step, index) => ({ ...step, afterMs: index > 0 ? step.at - steps[index - 1].at : 0 }));
}

/** From accepted to live, ms; null where it is not live. */
export function totalMs({ state, steps }) {
  return state === "live" && steps.length > 1 ? steps.at(-1).at - steps[0].at : null;
}

function hasStep({ steps }, state, at) {
  return steps.some((step) => step.state === state && step.at === at);
}

function detailsOf(type, data) {
  const failure = { code: data.code ?? "", reason: data.reason ?? "", pointer: data.pointer ?? "" };
  switch (type) {
    case "build-started": return { attempts: data.attempt, nextAt: 0 };
    case "build-retrying": return { failure, attempts: data.attempt, attemptsAllowed: data.attempts, nextAt: data.next_at };
    case "build-failed": return { failure, nextAt: 0, liveVersion: data.live_version };
    case "build-superseded": return { supersededBy: data.superseded_by };
  }
  return {};
}
