/* Names from the API as people would say them: "createSite" is "Create site". */

export function inWords(name) {
  const words = name.replace(/([a-z0-9])([A-Z])/g, (_, before, letter) => `${before} ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
