// Numbers and words as people read them.

/**
 * @template Value
 * @param {Value | null | undefined} value
 * @returns {value is Value}
 */
export const isKnown = (value) => value !== null && value !== undefined;

/** @param {number[]} numbers */
export const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

/** @param {number} count @param {string} word */
export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** @param {string} name */
export const words = (name) => name.replaceAll("_", " ");

// Characters that cannot be seen, or that reorder the text around them, as in `escaping.py`.
const INVISIBLE =
  /[\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu;

/** @param {string} text */
export const escapeInvisible = (text) =>
  text.replace(INVISIBLE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** @param {number} value */
export const seconds = (value) =>
  value >= 100 ? `${Math.round(value)} s` : `${Number(value.toFixed(value >= 10 ? 1 : 2))} s`;

/** @param {number} value */
export function clock(value) {
  const hundredths = Math.floor(value * 100 + 1e-6);
  /** @param {number} number */
  const pad = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(hundredths / 6000);
  return `${minutes}:${pad(Math.floor(hundredths / 100) % 60)}.${pad(hundredths % 100)}`;
}

/** @param {number} value */
export const dollars = (value) =>
  `$${value.toFixed(value !== 0 && Math.abs(value) < 0.095 ? 4 : 2)}`;

/** @param {number} bytes */
export const megabytes = (bytes) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;

/** @param {number} rate bits per second */
export const bitRate = (rate) =>
  rate >= 1e6 ? `${(rate / 1e6).toFixed(1)} Mbit/s` : `${Math.round(rate / 1e3)} kbit/s`;

// Three digits, or all before the point.
/** @param {number} value */
export const shortNumber = (value) =>
  String(Math.abs(value) < 100 ? Number(value.toPrecision(3)) : Math.round(value));
