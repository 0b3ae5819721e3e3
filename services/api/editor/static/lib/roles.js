/* The roles, from the least to the most, and what each may do. */

export const ROLES = [
  ["viewer", "Viewer"],
  ["editor", "Editor"],
  ["publisher", "Publisher"],
  ["operator", "Operator"],
  ["admin", "Administrator"],
];

export const ROLE_TEXTS = {
  viewer: "sees pages, versions and how publications go",
  editor: "also writes drafts, previews them and saves versions",
  publisher: "also publishes, schedules, rolls back and takes pages off",
  operator: "sees pages, builders, servers and dead letters, and rebuilds sites",
  admin: "does everything",
};

export const roleWord = (role) => ROLES.find(([name]) => name === role)?.[1] ?? role;
