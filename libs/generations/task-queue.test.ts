import { describe, expect, it } from '@jest/globals';
import { taskQueue } from './index.js';

describe('taskQueue', () => {
  it('spells the queue of a family and generation', () => {
    expect([taskQueue('documents', 7), taskQueue('agents', 7), taskQueue('sweeps', 12)]).toEqual([
      'documents.gen-7',
      'agents.gen-7',
      'sweeps.gen-12',
    ]);
  });

  it.each([0, -1, 1.5, NaN])('refuses %p: a queue nobody polls would swallow work', (generation) => {
    expect(() => taskQueue('documents', generation)).toThrow(RangeError);
  });
});
