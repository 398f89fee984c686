// Small pure helpers that turn values into what a person reads.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const number = new Intl.NumberFormat();

const DAY = 86_400_000;

export const formatNumber = (value) => number.format(value);
export const formatClock = (ts) => clock.format(ts);

/** The shortest form that still tells the time apart: 14:05, Tue, 3 May. */
export function formatStamp(ts, now = Date.now()) {
  if (sameDay(ts, now)) return clock.format(ts);
  return now - ts < 6 * DAY ? weekday.format(ts) : shortDate.format(ts);
}

export function formatDay(ts, now = Date.now()) {
  if (sameDay(ts, now)) return "Today";
  if (sameDay(ts, now - DAY)) return "Yesterday";
  return longDate.format(ts);
}

export function sameDay(a, b) {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

export function formatBytes(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function formatMs(ms) {
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${number.format(Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Up to two letters that stand for a name where there is no picture. */
export function initials(name) {
  const words = name.replace(/^[@#!]/, "").split(/[\s._\-:/]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.map((word) => word.match(/[\p{L}\p{N}]/u)[0]);
  return (letters.length > 1 ? letters[0] + letters[1] : letters[0] ?? "?").toUpperCase();
}

/** A hue that stays the same for the same identifier. */
export function hue(id) {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) | 0;
  return ((hash >>> 0) % 24) * 15;
}

/** The readable part of a user id; what is none, comes back as text. */
export function localpart(userId) {
  if (typeof userId !== "string") return String(userId);
  return userId.startsWith("@") ? userId.slice(1).split(":")[0] : userId;
}
