const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
/** Nobody dates a document before this; such years are mistakes, or the epoch of some clock. */
const FIRST_YEAR = 1900;

const DAY = /^(\d{4})(?:[-/.]?(\d{1,2})(?:[-/.]?(\d{1,2}))?)?(?:[T ]+(.*))?$/u;
/** `D:20240131120000+01'00'`, of which everything after the year may be left out. */
const PDF = /^D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(Z|[+-]\d\d'?(?:\d\d)?'?)?/u;
const DAY_FIRST = /^(?:[a-z]{3,9},?\s+)?(\d{1,2})\s+([a-z]{3,9})\.?,?\s+(\d{4})(?:\s+(.*))?$/iu;
const MONTH_FIRST = /^([a-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})(?:\s+(.*))?$/iu;
const TIME = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([ap]m)?\s*(.*)$/iu;
const ZONE = /^(?:utc|gmt)?\s*([+-])(\d{2}):?(\d{2})?(?:\s*\(.*\))?$/iu;

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/**
 * A date as documents write it (ISO 8601 and its relatives, mail, PDF, "May 1, 2024"), as ISO 8601 in UTC; a time
 * without a zone counts as UTC, a day as its beginning. Null for anything else, for days that do not exist, and for
 * years before 1900. Never depends on the zone of the machine.
 */
export function readDate(value: unknown): string | null {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : accepted(value.getTime());
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const source = String(value).trim();
  if (source === '' || source.length > 100) return null;
  const pdf = PDF.exec(source);
  if (pdf !== null) {
    const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', zone = 'Z'] = pdf;
    return readDate(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone.replaceAll("'", '')}`);
  }
  const [day, time] = dayAndTime(source);
  return day === null ? null : instant(day, time.trim());
}

/** The first of `candidates` that is a date. */
export function firstDate(...candidates: readonly unknown[]): string | null {
  for (const candidate of candidates) {
    const date = readDate(candidate);
    if (date !== null) return date;
  }
  return null;
}

/** `date` unless it lies more than a year ahead of `now` (epoch milliseconds): then it is a mistake, and null. */
export function plausibleDate(date: string | null, now: number): string | null {
  return date !== null && Date.parse(date) <= now + 366 * 24 * 60 * 60 * 1000 ? date : null;
}

function dayAndTime(source: string): [Day | null, string] {
  const numeric = DAY.exec(source);
  if (numeric !== null) {
    const [, year, month = '1', day = '1', time = ''] = numeric;
    return [{ year: Number(year), month: Number(month), day: Number(day) }, time];
  }
  const dayFirst = DAY_FIRST.exec(source);
  if (dayFirst !== null) return [named(dayFirst[3], dayFirst[2], dayFirst[1]), dayFirst[4] ?? ''];
  const monthFirst = MONTH_FIRST.exec(source);
  if (monthFirst !== null) return [named(monthFirst[3], monthFirst[1], monthFirst[2]), monthFirst[4] ?? ''];
  return [null, ''];
}

function named(year = '', month = '', day = ''): Day {
  return { year: Number(year), month: MONTHS.indexOf(month.slice(0, 3).toLowerCase()) + 1, day: Number(day) };
}

function instant({ year, month, day }: Day, time: string): string | null {
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (midnight.getUTCFullYear() !== year || midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day)
    return null;
  if (time === '') return accepted(midnight.getTime());
  const parts = TIME.exec(time);
  if (parts === null) return null;
  const [, hour = '0', minute = '0', second = '0', fraction = '0', half, zone = ''] = parts;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  const offset = offsetMinutes(zone);
  if (hours > 24 || Number(minute) > 59 || Number(second) > 60 || offset === null) return null;
  const seconds = (hours * 60 + Number(minute) - offset) * 60 + Number(second);
  return accepted(midnight.getTime() + seconds * 1000 + Math.trunc(Number(`0.${fraction}`) * 1000));
}

/** Minutes ahead of UTC; names of zones other than UTC mean different things in different places and give null. */
function offsetMinutes(zone: string): number | null {
  if (/^(?:z|utc|gmt)?(?:\s*\(.*\))?$/iu.test(zone)) return 0;
  const offset = ZONE.exec(zone);
  if (offset === null) return null;
  const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
  return offset[1] === '-' ? -minutes : minutes;
}

function accepted(time: number): string | null {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return null;
  const year = date.getUTCFullYear();
  return year >= FIRST_YEAR && year <= 9999 ? date.toISOString() : null;
}
