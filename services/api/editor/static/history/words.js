/* Which words of a text were taken out and which came in. Pure, and bounded: where two texts have too little in common
   to be compared within a moment, one stands for the other as a whole. */

const WORD = /\s+|[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;
const MOST_PAIRS = 1_000_000;
const LONGEST_SAME = 320;
const SHOWN_SAME = 120;

/**
 * Compare two texts.
 * @returns {{kind: "same"|"del"|"ins", text: string}[]} in the order of reading
 */
export function compareWords(before, after) {
  const one = before.match(WORD) ?? [];
  const other = after.match(WORD) ?? [];
  const start = commonStart(one, other);
  const end = commonEnd(one, other, start);
  const middle = compareMiddle(one.slice(start, one.length - end), other.slice(start, other.length - end));
  return joined([...same(one.slice(0, start)), ...middle, ...same(one.slice(one.length - end))]);
}

/** The same, with what stayed and is long cut to where it meets a change. */
export function shorten(runs) {
  return runs.map((run, at) => (run.kind === "same" && run.text.length > LONGEST_SAME
    ? { ...run, text: cut(run.text, at > 0, at < runs.length - 1) }
    : run));
}

function cut(text, hasBefore, hasAfter) {
  const head = hasBefore ? text.slice(0, SHOWN_SAME) : "";
  const tail = hasAfter ? text.slice(-SHOWN_SAME) : "";
  return `${head} … ${tail}`;
}

function commonStart(one, other) {
  let at = 0;
  while (at < one.length && at < other.length && one[at] === other[at]) at += 1;
  return at;
}

function commonEnd(one, other, start) {
  const most = Math.min(one.length, other.length) - start;
  let count = 0;
  while (count < most && one[one.length - 1 - count] === other[other.length - 1 - count]) count += 1;
  return count;
}

/** By the longest common subsequence. */
function compareMiddle(one, other) {
  if (one.length * other.length > MOST_PAIRS) return [...run("del", one), ...run("ins", other)];
  const lengths = commonLengths(one, other);
  const found = [];
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      found.push({ kind: "same", text: one[i] });
      i += 1;
      j += 1;
    } else if (j === other.length || (i < one.length && lengths[i + 1][j] >= lengths[i][j + 1])) {
      found.push({ kind: "del", text: one[i] });
      i += 1;
    } else {
      found.push({ kind: "ins", text: other[j] });
      j += 1;
    }
  }
  return found;
}

/** lengths[i][j]: how long the longest common subsequence of what follows i and j is. */
function commonLengths(one, other) {
  const lengths = Array.from({ length: one.length + 1 }, () => new Uint32Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = one[i] === other[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

const run = (kind, words) => (words.length > 0 ? [{ kind, text: words.join("") }] : []);

const same = (words) => run("same", words);

/** Words of a kind in one run; between two changed words a space alone is no sense in common. */
function joined(runs) {
  const found = { del: "", ins: "", all: [] };
  const close = () => {
    if (found.del) found.all.push({ kind: "del", text: found.del });
    if (found.ins) found.all.push({ kind: "ins", text: found.ins });
    Object.assign(found, { del: "", ins: "" });
  };
  runs.forEach(({ kind, text }, at) => {
    const isGap = kind === "same" && !text.trim() && runs[at + 1]?.kind !== "same" && at > 0 && at < runs.length - 1;
    if (kind !== "same") found[kind] += text;
    else if (isGap && found.del && found.ins) Object.assign(found, { del: found.del + text, ins: found.ins + text });
    else {
      close();
      const last = found.all.at(-1);
      if (last?.kind === "same") last.text += text;
      else found.all.push({ kind, text });
    }
  });
  close();
  return found.all;
}
