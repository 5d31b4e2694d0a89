import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordId } from 'surrealdb';
import { query } from '#libs/stores/surreal/index.js';
import { contextDatabase, type ContextDatabase } from '../../test/setup/context-for-test.js';
import { DocumentFrequencies } from './document-frequencies.js';

describe('how many rows contain a word', () => {
  let context: ContextDatabase;
  beforeAll(async () => {
    context = await contextDatabase();
    await add(['The Ships of the harbour', 'A ship', 'Nothing of the kind']);
  });
  afterAll(() => context.close());

  async function add(texts: readonly string[]): Promise<void> {
    await query(context.session, 'INSERT INTO knowledge_chunk $rows RETURN NONE', {
      rows: texts.map((text, position) => ({
        document: new RecordId('document', 'one'),
        text,
        search_text: text,
        position,
        char_start: 0,
        char_end: text.length,
        labels: [],
        created_at: new Date(),
      })),
    });
  }

  it('counts every form of it, up to the limit and one', async () => {
    const counts = await new DocumentFrequencies().count(context, 'knowledge_chunk', ['ships', 'kind', 'cargo'], 10);
    expect(counts).toEqual(
      new Map([
        ['ships', 2],
        ['kind', 1],
        ['cargo', 0],
      ]),
    );
    expect(await new DocumentFrequencies().count(context, 'knowledge_chunk', ['ships'], 1)).toEqual(
      new Map([['ships', 2]]),
    );
  });

  it('is believed for ten minutes and then counted again', async () => {
    let now = 0;
    const frequencies = new DocumentFrequencies(() => now);
    const count = async (): Promise<number | undefined> =>
      (await frequencies.count(context, 'knowledge_chunk', ['anchor'], 10)).get('anchor');
    await add(['An anchor']);
    expect(await count()).toBe(1);
    await add(['Another anchor']);
    now += 9 * 60_000;
    expect(await count()).toBe(1);
    now += 2 * 60_000;
    expect(await count()).toBe(2);
  });

  it('is counted every time while no row contains it', async () => {
    const frequencies = new DocumentFrequencies();
    const count = async (): Promise<number | undefined> =>
      (await frequencies.count(context, 'knowledge_chunk', ['keel'], 10)).get('keel');
    expect(await count()).toBe(0);
    await add(['The keel']);
    expect(await count()).toBe(1);
  });
});
