/* Sizes for people. */

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** "9.4 KB" */
export const kilobytes = (bytes) => `${NUMBER.format(bytes / 1000)} KB`;
