// Samples into figures, and figures into Markdown.

/** The value below which the share `q` of the samples lies; undefined without samples. Samples that are undefined or not finite do not count. */
export function quantile(samples, q) {
  const sorted = samples.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
}

export const median = (samples) => quantile(samples, 0.5);

/** Median, p95, least and most, as they go into the JSON. */
export const summary = (samples) => ({ median: median(samples), p95: quantile(samples, 0.95), min: quantile(samples, 0), max: quantile(samples, 1), samples });

/** Milliseconds for people: three digits are all that a benchmark on a shared machine has. */
export function ms(value) {
  if (value === undefined) return '–';
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

export function bytes(value) {
  if (value === undefined) return '–';
  return value >= 1e6 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e3).toFixed(1)} kB`;
}

/** How many times as much `other` is; nothing where one of them is not known. */
export const ratio = (other, ours) => (other === undefined || !ours ? '–' : `${(other / ours).toFixed(other / ours < 10 ? 1 : 0)} ×`);

/** A Markdown table, padded so that it reads well as it is. */
export function table(head, rows) {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => String(cell ?? '–')));
  const widths = head.map((_, column) => Math.max(3, ...lines.map((cells) => cells[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(lines[0]), rule, ...lines.slice(1).map(line)].join('\n');
}
