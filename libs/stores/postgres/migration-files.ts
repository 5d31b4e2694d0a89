import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

export interface Migration {
  readonly version: number;
  /** File name without `.sql`, for example `0001_core`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hex; line ends are normalised so that a checkout on another system is the same file. */
  readonly checksum: string;
  readonly transactional: boolean;
}

const FILE = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** The migrations of a folder by number. Thrown when a name has another form or two files share a number. */
export async function readMigrations(directory: URL): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const file of names) {
    const number = FILE.exec(file)?.[1];
    if (number === undefined) throw new Error(`Name migrations NNNN_lower_case.sql; ${file} is not.`);
    const version = Number(number);
    const twin = migrations.find((migration) => migration.version === version);
    if (twin !== undefined) throw new Error(`${file} and ${twin.name}.sql share a number. Renumber the newer one.`);
    const sql = (await readFile(new URL(file, directory), 'utf8')).replaceAll('\r\n', '\n');
    migrations.push({
      version,
      name: file.slice(0, -'.sql'.length),
      sql,
      checksum: createHash('sha256').update(sql).digest('hex'),
      transactional: !/^-- no-transaction\b/.test(sql),
    });
  }
  return migrations;
}
