import { randomUUID } from 'node:crypto';

/** One part exactly as it goes on the wire: a header that is left out is not sent. */
export interface Part {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly type?: string;
  readonly filename?: string;
}

export interface Multipart {
  readonly body: Buffer<ArrayBuffer>;
  readonly headers: { readonly 'content-type': string };
}

/** Writes a multipart body part by part; `FormData` adds file names and media types that some clients do not send. */
export function multipart(parts: readonly Part[]): Multipart {
  const boundary = `----spectra-${randomUUID()}`;
  const pieces = parts.flatMap(({ name, content, type, filename }) => {
    const file = filename === undefined ? '' : `; filename="${filename}"`;
    const media = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n${media}\r\n`;
    return [Buffer.from(head), Buffer.from(content), Buffer.from('\r\n')];
  });
  return {
    body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
