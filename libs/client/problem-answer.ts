import type { FieldIssue } from '#libs/contracts/index.js';
import { ApiError } from './errors.js';
import { retryAfterMs } from './retry.js';

const MAX_TEXT = 300;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstText(...values: unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value.trim() !== '');
}

function fieldIssues(value: unknown): FieldIssue[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).flatMap(({ path, message }) => {
    const parts: unknown[] = Array.isArray(path) ? path : [path];
    const where = parts.filter((part) => typeof part === 'string' || typeof part === 'number').join('.');
    return typeof message === 'string' ? [{ path: where, message }] : [];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A sentence for an answer without a problem document: a proxy's text, or only the status of an HTML page. */
function plainSentence(status: number, statusText: string, text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const heading = `The server answered ${status}${statusText ? ` ${statusText}` : ''}`;
  if (line === '' || line.startsWith('<')) return `${heading}.`;
  return `${heading}: ${line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line}`;
}

/** Makes an error of an answer that is not a success: problem+json where it is that, its plain text otherwise. */
export function apiErrorFrom(
  answer: { status: number; statusText: string; headers: Headers; text: string },
  now: () => number,
): ApiError {
  const { status, statusText, headers, text } = answer;
  const parsed = parseJson(text);
  const body = isRecord(parsed) ? parsed : {};
  return new ApiError({
    status,
    code: firstText(body.code) ?? `http_${status}`,
    message: firstText(body.message, body.detail, body.title) ?? plainSentence(status, statusText, text),
    requestId: firstText(body.requestId, headers.get('x-request-id'), headers.get('x-trace-id')),
    retryAfterMs: retryAfterMs(headers.get('retry-after'), now()),
    issues: fieldIssues(body.issues),
  });
}
