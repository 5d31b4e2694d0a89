/**
 * A `bigint` column as a JavaScript number. The driver hands bigint over as text, because not every value fits.
 *
 * @throws RangeError when the value is not an integer that a number holds exactly
 */
export function safeInteger(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) {
    throw new RangeError(`Expected an integer below 2^53 from the database, got ${String(value)}.`);
  }
  return number;
}
