import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordId } from 'surrealdb';
import { SurrealServer } from './connection.js';
import { dropDatabase, migrateDatabase } from './migrations.js';
import { query } from './query.js';
import { claimVectorIndexIdentity } from './vector-index-identity.js';

const DIMENSIONS = 384;
const ROWS = 3;

/** Vectors that differ in one place and share another, so that each is a neighbour of all. */
const vector = (n: number): number[] => Array.from({ length: DIMENSIONS }, (_, k) => (k === n || k === 7 ? 0.7 : 0));

describe('the vector indexes of many Contexts on one server', () => {
  const namespace = `t${randomBytes(6).toString('hex')}`;
  let server: SurrealServer;
  beforeAll(() => {
    const [url = '', user = '', password = ''] = (process.env['SPECTRA_TEST_SURREALDB'] ?? '').split(';');
    server = new SurrealServer({ url, user, password, controlNamespace: namespace });
  });
  afterAll(() => server.close());

  async function neighboursIn(database: string): Promise<number> {
    const ref = { namespace, database };
    await migrateDatabase(server, ref, 'context', {
      dimensions: DIMENSIONS,
      ...(await claimVectorIndexIdentity(server)),
    });
    const session = await server.session(ref);
    await query(session, 'INSERT INTO knowledge_vector $rows RETURN NONE', {
      rows: Array.from({ length: ROWS }, (_, n) => ({
        document: new RecordId('document', 'one'),
        embedding: vector(n),
        embedding_model_id: 'test',
        labels: [],
        created_at: new Date(),
      })),
    });
    const [rows] = await query<[unknown[]]>(
      session,
      'SELECT id FROM knowledge_vector WHERE embedding <|10,40|> $vector',
      { vector: vector(9) },
    );
    return rows.length;
  }

  it('each find all neighbours of their own, one after the other, at once, and after others were removed', async () => {
    const found = [await neighboursIn('a'), await neighboursIn('b')];
    found.push(...(await Promise.all(['c', 'd', 'e'].map(neighboursIn))));
    await dropDatabase(server, { namespace, database: 'a' });
    found.push(await neighboursIn('a'), await neighboursIn('f'));
    expect(found).toEqual(found.map(() => ROWS));
  }, 60_000);
});
