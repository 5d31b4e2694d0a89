import { z } from 'zod';

const camel = (key: string): string => key.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = (schema as { def?: { innerType?: z.core.$ZodType } }).def?.innerType;
  return inner ? unwrap(inner) : schema;
}

/**
 * Renames keys of `value` to the casing that `schema` declares, so that `page_size` and `pageSize` both reach it:
 * official clients send both. A key that the schema knows as it is wins over its other spelling; unknown keys stay.
 */
export function toDeclaredCasing(schema: z.core.$ZodType, value: unknown): unknown {
  const target = unwrap(schema);
  if (target instanceof z.ZodArray) {
    const element = target.element;
    return Array.isArray(value) ? value.map((item) => toDeclaredCasing(element, item)) : value;
  }
  if (!(target instanceof z.ZodObject) || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  const shape = target.shape as Record<string, z.core.$ZodType>;
  const source = value as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(source)) {
    if (key === '__proto__') continue;
    const declared = [key, camel(key), snake(key)].find((name) => Object.hasOwn(shape, name)) ?? key;
    if (declared !== key && Object.hasOwn(source, declared)) continue;
    const child = Object.hasOwn(shape, declared) ? shape[declared] : undefined;
    result[declared] = child ? toDeclaredCasing(child, item) : item;
  }
  return result;
}
