import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LOCAL_EMBEDDING_DIMENSIONS, localEmbeddings } from './local-embeddings.js';

const model = localEmbeddings();
const cosine = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
const similarity = async (a: string, b: string): Promise<number> => {
  const [first = [], second = []] = await model.embed([a, b]);
  return cosine(first, second);
};

describe('localEmbeddings', () => {
  it('gives one vector of length 1 for any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 5 }), async (texts) => {
        const vectors = await model.embed(texts);
        expect(vectors).toHaveLength(texts.length);
        for (const vector of vectors) {
          expect(vector).toHaveLength(LOCAL_EMBEDDING_DIMENSIONS);
          expect(cosine(vector, vector)).toBeCloseTo(1, 9);
        }
      }),
    );
  });

  it('gives the same vector in any company and in any instance', async () => {
    const text = 'Ada Lovelace wrote the first program in 1843.';
    const [alone] = await model.embed([text]);
    const [, together] = await localEmbeddings().embed(['Something else entirely.', text]);
    expect(together).toEqual(alone);
  });

  it('keeps its vectors from version to version of the code: stored ones are compared with new ones', async () => {
    const [vector = []] = await model.embed(['Privileged users of the agency sign an agreement in 2022. 東京 Zürich']);
    const strongest = vector
      .map((value, dimension) => [dimension, Number(value.toFixed(4))] as const)
      .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
      .slice(0, 6);
    expect({ id: model.id, strongest }).toMatchInlineSnapshot(`
     {
       "id": "local-hash-384-v1",
       "strongest": [
         [
           33,
           0.2484,
         ],
         [
           326,
           -0.2269,
         ],
         [
           319,
           0.1899,
         ],
         [
           149,
           -0.1701,
         ],
         [
           254,
           0.1665,
         ],
         [
           15,
           0.1638,
         ],
       ],
     }
    `);
  });

  it('puts texts with common words closer than texts without', async () => {
    const question = 'Which documents must a supplier hand in?';
    const near = await similarity(question, 'A supplier must hand in these documents: a certificate and an invoice.');
    const far = await similarity(question, 'The orchestra played until midnight in the open air.');
    expect(near).toBeGreaterThan(far + 0.2);
  });

  it.each([
    ['word forms', 'embedding documents', 'embedded document', 'orchestra midnight'],
    ['typing errors', 'Temporal workflow', 'Temporral workflov', 'orchestra midnight'],
    ['diacritics and case', 'zurich ecole', 'Zürich École', 'orchestra midnight'],
    ['scripts without spaces', '東京都の人口', '東京都は大きい', '音楽が好きです'],
  ])('sees through %s', async (_, text, alike, other) => {
    expect(await similarity(text, alike)).toBeGreaterThan((await similarity(text, other)) + 0.2);
  });

  it('lets names weigh more than common words, and function words nothing', async () => {
    const text = 'Marie Curie discovered radium';
    expect(await similarity(text, 'Marie Curie')).toBeGreaterThan(await similarity(text, 'discovered radium'));
    expect(await similarity('the report of the year', 'report year')).toBeGreaterThan(0.9);
  });

  it('tells texts of only function words or symbols apart', async () => {
    expect(await similarity('who are you', 'what is this')).toBeLessThan(0.9);
    expect(await similarity('!!!', '???')).toBe(0);
    expect(await similarity('', ' ')).toBe(1);
  });

  it('lets the event loop turn, and stops when it is aborted', async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `text number ${index}`);
    const controller = new AbortController();
    const reason = new Error('given up');
    setImmediate(() => {
      controller.abort(reason);
    });
    await expect(model.embed(texts, { signal: controller.signal })).rejects.toBe(reason);
    await expect(model.embed(texts)).resolves.toHaveLength(300);
  });
});
