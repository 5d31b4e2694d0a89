import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const buildInfoSchema = z.object({
  version: z.string(),
  sha: z.string(),
  builtAt: z.string(),
  codeHash: z.string(),
  lockHash: z.string(),
});

/** What `version.json` says: written once when the code is built, never computed at run time. */
export type BuildInfo = z.infer<typeof buildInfoSchema>;

/** Reads `version.json` of a build. Throws when it is missing: run `npm run build`. */
export async function readBuildInfo(distDir: string): Promise<BuildInfo> {
  const text = await readFile(`${distDir}/version.json`, 'utf8').catch((cause: unknown) => {
    throw new Error('version.json is missing beside the compiled code; run `npm run build`.', { cause });
  });
  return buildInfoSchema.parse(JSON.parse(text));
}
