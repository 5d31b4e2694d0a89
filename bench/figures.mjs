import { document } from './figures/document.mjs';
import { idleMemory } from './figures/idle-memory.mjs';
import { outboxInsert } from './figures/outbox-insert.mjs';
import { outboxThroughput } from './figures/outbox-throughput.mjs';
import { recall } from './figures/recall.mjs';
import { smallDocuments } from './figures/small-documents.mjs';
import { startLatency } from './figures/start-latency.mjs';
import { sustained } from './figures/sustained.mjs';
import { warmStart } from './figures/warm-start.mjs';

/** Every figure, in the order in which they run: what wants a fresh stack first, what fills the stores last. */
export const FIGURES = [
  warmStart,
  idleMemory,
  outboxThroughput,
  startLatency,
  outboxInsert,
  document,
  smallDocuments,
  sustained,
  recall,
];
