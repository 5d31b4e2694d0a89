import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordId } from 'surrealdb';
import { ChunkWriter } from '#libs/documents/index.js';
import { ConversationWriter } from '#libs/memory/index.js';
import { localEmbeddings } from '#libs/models/index.js';
import { query } from '#libs/stores/surreal/index.js';
import { contextDatabase, type ContextDatabase } from '../../test/setup/context-for-test.js';
import { RecallRouter, type RecallOptions, type RecallRequest, type RecallResult } from './recall-router.js';

const embeddings = localEmbeddings();
const OPTIONS: RecallOptions = { embeddings, textPool: 256, vectorPool: 64, scoredRows: 1_000, weights: {} };

describe('recall', () => {
  let context: ContextDatabase;

  beforeAll(async () => {
    context = await contextDatabase();
    await document('xanadu', 'Xanadu', ['Xanadu is a land of caves. The seat of its council is Mount Abora.']);
    await document('abora', 'Mount Abora (town)', ['A settlement of singers.', 'Its damsel plays a dulcimer.']);
    await document('alph', 'Alph', ['A sacred river that runs through caverns measureless to man.']);
    for (let n = 0; n < 12; n++) await document(`other${n}`, `Ledger ${n}`, [`Entry ${n}: coal, rope and lamp oil.`]);
    await conversation([
      ['user', 'Which boat did you take to the island?'],
      ['assistant', 'The small one with a red sail.'],
      ['user', 'Thanks, that helps.'],
      ['assistant', 'You are welcome.'],
    ]);
  });
  afterAll(() => context.close());

  async function document(id: string, title: string, texts: readonly string[], labels: string[] = []): Promise<void> {
    const now = new Date();
    await query(context.session, 'CREATE $id CONTENT $fields RETURN NONE', {
      id: new RecordId('document', id),
      fields: {
        title,
        source: title,
        mime_type: 'text/plain',
        storage_key: id,
        content_hash: id,
        size_bytes: 1,
        status: 'embedding',
        version: 1,
        labels,
        created_at: now,
        updated_at: now,
      },
    });
    const searchTexts = texts.map((text) => `${title}\n${text}`);
    const vectors = await embeddings.embed(searchTexts);
    await new ChunkWriter().write(
      context.session,
      { documentId: id, version: 1, title, labels, embeddingModelId: embeddings.id },
      texts.map((text, position) => ({
        position,
        text,
        searchText: searchTexts[position] ?? '',
        section: null,
        page: null,
        charStart: 0,
        charEnd: text.length,
        tokenCount: 10,
        embedding: vectors[position] ?? [],
      })),
    );
  }

  async function conversation(turns: readonly (readonly [string, string])[]): Promise<void> {
    await new ConversationWriter(context.session, embeddings).append({
      sessionId: null,
      messages: turns.map(([role, content]) => ({ role, content, observedAt: null })),
      labels: [],
      memoryCategory: null,
      reservation: null,
      answer: () => ({}),
    });
  }

  const ask = (
    question: string,
    request: Partial<RecallRequest> = {},
    options: Partial<RecallOptions> = {},
  ): Promise<RecallResult> =>
    new RecallRouter({ ...OPTIONS, ...options }).recall(context, {
      question,
      mode: 'hybrid',
      k: 5,
      includeMemory: true,
      filter: {},
      ...request,
    });

  const titles = ({ hits }: RecallResult): (string | undefined)[] => hits.map((hit) => hit.passage.document?.title);
  const signalsOf = ({ hits }: RecallResult, title: string): string[] =>
    hits
      .filter((hit) => hit.passage.document?.title === title)
      .flatMap((hit) => hit.explain.signals.map(({ signal }) => signal));

  it('finds the document that a hit only names, and says through which passage', async () => {
    const question = 'What is played at the seat of the council of the land of caves?';
    const answer = await ask(question);
    expect(titles(answer).slice(0, 2)).toEqual(['Xanadu', 'Mount Abora (town)']);
    const linked = answer.hits[1];
    const link = linked?.explain.signals.find(({ signal }) => signal === 'title_link');
    expect(link?.via).toBe(answer.hits[0]?.passage.id);
    expect(signalsOf(await ask(question, {}, { weights: { title_link: 0 } }), 'Mount Abora (town)')).not.toContain(
      'title_link',
    );
  });

  it('links to the passage that was found already, rather than to the first', async () => {
    const { hits } = await ask('Does a damsel play a dulcimer in the land of caves?');
    const linked = hits.filter((hit) => hit.explain.signals.some(({ signal }) => signal === 'title_link'));
    expect(linked.map((hit) => hit.passage.position)).toEqual([1]);
  });

  it('prefers the document that the question names', async () => {
    expect(titles(await ask('Where does Alph run?'))[0]).toBe('Alph');
    expect(signalsOf(await ask('Where does Alph run?'), 'Alph')).toContain('title');
    expect(signalsOf(await ask('where does it run?'), 'Alph')).not.toContain('title');
  });

  it('lends to the turns around one that was found', async () => {
    const question = 'which boat did you take to the island';
    const turns = async (options: Partial<RecallOptions>): Promise<(string | undefined)[]> => {
      const { hits } = await ask(question, {}, options);
      return hits.filter((hit) => hit.passage.sessionId !== null).map((hit) => hit.passage.text);
    };
    const answer = 'The small one with a red sail.';
    expect((await turns({}))[1]).toBe(answer);
    const { hits } = await ask(question);
    const neighbour = hits.find((hit) => hit.passage.text === answer);
    expect(neighbour?.explain.signals.find(({ signal }) => signal === 'neighbour')).toMatchObject({
      via: hits[0]?.passage.id,
    });
  });

  it('explains every score: its parts add up, and none has weight without a say', async () => {
    for (const question of ['Where does Alph run?', 'Which boat?', 'the seat of the council of Xanadu']) {
      for (const { score, explain } of (await ask(question, { k: 50 })).hits) {
        expect(score).toBeLessThanOrEqual(1);
        expect(explain.signals.reduce((sum, part) => sum + part.contribution, 0)).toBe(score);
      }
    }
  });

  it('asks only the signal that a mode names', async () => {
    for (const mode of ['bm25', 'vector'] as const) {
      const { hits } = await ask('Where does Alph run?', { mode });
      expect(hits.length).toBeGreaterThan(0);
      expect(new Set(hits.flatMap((hit) => hit.explain.signals.map(({ signal }) => signal)))).toEqual(new Set([mode]));
    }
  });

  it('keeps what it finds around a hit within the filter of the request', async () => {
    await document('secret', 'Kubla', ['A stately pleasure dome.'], ['sealed']);
    await document('open', 'Decree', ['The dome was decreed by Kubla in the garden of rills.'], ['public']);
    const question = 'Who decreed the dome in the garden of rills?';
    expect(titles(await ask(question))).toContain('Kubla');
    expect(titles(await ask(question, { filter: { labels: ['public'] } }))).toEqual(['Decree']);
    expect(titles(await ask(question, { filter: { documentIds: ['open'] }, includeMemory: false }))).toEqual([
      'Decree',
    ]);
  });

  it('scores no more rows than it may, and still finds what the rare words name', async () => {
    const scored = async (scoredRows: number): Promise<number> => {
      const { hits } = await ask('coal and rope and the dulcimer', { k: 50, mode: 'bm25' }, { scoredRows });
      expect(hits[0]?.passage.text).toContain(scoredRows === 1 ? 'dulcimer' : '');
      return hits.length;
    };
    expect(await scored(1)).toBe(1);
    expect(await scored(1_000)).toBeGreaterThan(12);
  });
});
