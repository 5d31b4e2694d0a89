const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes for people, e.g. `1.2 MB` (powers of 1000). */
export function fileSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** An instant to the minute in UTC, e.g. `2026-11-21 13:43`; '-' where there is none. */
export function minute(instant: string | null | undefined): string {
  const at = new Date(instant ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? '-' : at.toISOString().slice(0, 16).replace('T', ' ');
}

/** "1 document", "2 documents". */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
