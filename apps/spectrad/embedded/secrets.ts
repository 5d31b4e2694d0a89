import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpectraError } from '#libs/contracts/index.js';
import { z } from 'zod';

const secretsSchema = z.object({
  postgresPassword: z.string().min(16),
  surrealPassword: z.string().min(16),
  /** Keys the hashes of API keys: a stolen database alone cannot be searched for weak keys. */
  keyHashSecret: z.string().min(16),
});

export type EmbeddedSecrets = z.infer<typeof secretsSchema>;

/**
 * The generated credentials of a data directory, in `<dataDir>/secrets.json`, readable by its owner only. Made on the first
 * call; of two first calls at once both return what one of them wrote.
 *
 * Thrown when the file exists and is not readable as what this function wrote.
 */
export function loadOrCreateSecrets(dataDir: string, random: (bytes: number) => Buffer = randomBytes): EmbeddedSecrets {
  const path = join(dataDir, 'secrets.json');
  const made: EmbeddedSecrets = {
    postgresPassword: random(24).toString('base64url'),
    surrealPassword: random(24).toString('base64url'),
    keyHashSecret: random(32).toString('base64url'),
  };
  const temporary = `${path}.${process.pid}.${random(4).toString('hex')}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(temporary, path);
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  chmodSync(path, 0o600);
  try {
    return secretsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new SpectraError({
      status: 500,
      code: 'secrets_unreadable',
      message: `${path} is damaged: put back a copy of it, or move the whole data directory away to start with an empty one.`,
      cause,
    });
  }
}
