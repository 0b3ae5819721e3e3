/* A name for addresses out of a title: what a person would write. */

const MOST_CHARACTERS = 63;
// Letters that do not come apart into a plain one and a mark.
const SPELT = { ß: "ss", æ: "ae", ø: "o", œ: "oe", ł: "l", đ: "d", þ: "th", ð: "d", ı: "i" };

export function slugOf(title) {
  return title
    .toLowerCase()
    .replace(/[ßæøœłđþðı]/g, (letter) => SPELT[letter])
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, MOST_CHARACTERS)
    .replace(/^-+|-+$/g, "");
}

/** Let a name follow the title while it is typed, until somebody changes the name itself. */
export function followTitle(slug, title) {
  let isOwn = false;
  title.addEventListener("input", () => isOwn || (slug.value = slugOf(title.value)));
  slug.addEventListener("input", () => (isOwn = slug.value !== ""));
}
