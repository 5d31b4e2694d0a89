/** Formats that every spreadsheet program has without naming them (ECMA-376 part 1, 18.8.30): those for dates and times. */
const BUILT_IN_DATES = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
] as const;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Day 60 of the calendar from 1900 is 29 February 1900, which never was; the days after it are one too many. */
const MISSING_DAY = 60;

/** Whether numbers in that format are shown as dates or times. `code` is the format's own text, if it has one. */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return BUILT_IN_DATES.some(([from, to]) => id >= from && id <= to);
  const [positive = ''] = code.split(';', 1);
  // Quoted text, escaped characters and [colours] are not part of the pattern; [h] is.
  const pattern = positive.slice(0, 255).replace(/"[^"]*"|\\.|_.|\[(?![hms]+\])[^\]]*\]/giu, '');
  return /[dmyhs]/iu.test(pattern) && !/general/iu.test(pattern);
}

/** A day number as a person writes it: `2024-01-31`, `2024-01-31 09:30`, `09:30`; null when it is no date. */
export function dateOf(serial: number, from1904: boolean): string | null {
  if (!Number.isFinite(serial) || serial < 0 || serial > 2_958_465) return null;
  const days = from1904 ? serial + 1462 : serial > MISSING_DAY ? serial : serial + 1;
  const date = new Date(Math.round(((days - 25_569) * DAY_MS) / 1000) * 1000);
  const [day = '', clock = ''] = date.toISOString().split('T');
  const time = clock.slice(0, clock.slice(6, 8) === '00' ? 5 : 8);
  if (serial < 1) return time;
  return time === '00:00' ? day : `${day} ${time}`;
}

/** A number without the noise of binary fractions: 0.30000000000000004 is 0.3 in every program that shows it. */
export function numberOf(source: string): string {
  const value = Number(source);
  return source.trim() === '' || !Number.isFinite(value) ? source : String(Number(value.toPrecision(15)));
}
