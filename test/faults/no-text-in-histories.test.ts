import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { documentAttributes } from '../../temporal/search-attributes.js';
import { FaultWorld } from './fault-world.js';

const MARKER = 'zq7markerz';

/** Every string and every decoded payload in a history, wherever it stands. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array || Buffer.isBuffer(value)) return [Buffer.from(value).toString('utf8')];
  if (Array.isArray(value)) return value.flatMap(texts);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => [key, ...texts(inner)]);
  return [];
}

describe('the Temporal history of a document', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.open();
    await world.startReady('worker');
  });
  afterAll(() => world.close());

  /** The whole history of a document's pipeline and what its description says besides, as text. */
  async function historyOf(documentId: string): Promise<string> {
    const handle = world.temporal.workflow.getHandle(world.workflowId(documentId));
    await handle.result();
    const history = await handle.fetchHistory();
    const { raw } = await handle.describe();
    return texts([history, raw]).join('\n');
  }

  function marked(body: string | Uint8Array, mimeType: string) {
    return {
      content: body,
      mimeType,
      fileName: `file ${MARKER}.txt`,
      metadata: { title: `title ${MARKER}`, source: `source ${MARKER}`, labels: [`label-${MARKER}`] },
    };
  }

  it('holds references and none of its text, title, source or labels', async () => {
    const body = `# Heading ${MARKER}\n\nA body with ${MARKER} in it.`;
    const { id } = await world.accept(marked(body, 'text/markdown'));
    await world.documentBecomes(id, 'ready');
    const history = await historyOf(id);
    // The reader reads: references and results are found in it.
    expect(history).toContain(`"documentId":"${id}"`);
    expect(history).toContain('"chunkCount":1');
    expect(history).not.toContain(MARKER);
    // And the marker was in the document.
    expect((await world.chunkRows())[0]?.search_text).toContain(MARKER);
  }, 60_000);

  it('holds none of it when the document fails, either', async () => {
    const { id } = await world.accept(marked(`%PDF-1.7\n(${MARKER}) Tj`, 'application/pdf'));
    await world.documentBecomes(id, 'failed');
    const history = await historyOf(id);
    expect(history).toContain('truncated_pdf');
    expect(history).not.toContain(MARKER);
  }, 60_000);

  it('is found by generation, Context and document', async () => {
    const { id } = await world.accept({ content: 'Found by its attributes.' });
    await world.documentBecomes(id, 'ready');
    const { typedSearchAttributes } = await world.temporal.workflow.getHandle(world.workflowId(id)).describe();
    expect(typedSearchAttributes.getAll()).toEqual(
      expect.arrayContaining(documentAttributes(world.generation, world.contextId, id).getAll()),
    );
    const found = await world.runs(
      `Generation = ${world.generation} AND ContextId = "${world.contextId}" AND DocumentId = "${id}"`,
      1,
    );
    expect(found).toEqual([await world.latestRun(id)]);
  }, 60_000);
});
