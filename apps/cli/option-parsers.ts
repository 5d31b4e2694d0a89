import { InvalidArgumentError } from 'commander';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `90s`, `15m`, `12h`, `30d` or `2w`. */
export function durationSeconds(text: string): number {
  const [, amount, unit] = /^(\d+)([smhdw])$/.exec(text.trim()) ?? [];
  const seconds = Number(amount) * (SECONDS[unit ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(seconds) || seconds < 1)
    throw new InvalidArgumentError('write a duration as a number and s, m, h, d or w, e.g. 30d.');
  return seconds;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('write a whole number from 1.');
  return value;
}

/** Collects a repeated `--label key=value`. */
export function collectLabel(text: string, before: readonly string[] = []): string[] {
  if (!/^[^_=][^=]*=/.test(text))
    throw new InvalidArgumentError('write labels as key=value; the key must not begin with "_".');
  return [...before, text];
}
