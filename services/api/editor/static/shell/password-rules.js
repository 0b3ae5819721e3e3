/* What a password must be like. The API decides; here it is told while somebody types. */

export const LEAST_CHARACTERS = 10;

export const RULES = [
  { text: `At least ${LEAST_CHARACTERS} characters`, isMet: (password) => [...password].length >= LEAST_CHARACTERS },
  {
    text: "Not the name",
    isMet: (password, name) => password !== "" && password.toLowerCase() !== name.trim().toLowerCase(),
  },
];
