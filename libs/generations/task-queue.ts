/** Families of Temporal task queues: document pipelines, agent turns, periodic work. */
export type TaskQueueFamily = 'documents' | 'agents' | 'sweeps';

/**
 * The name of a generation's task queue. The one place that spells these names: that only workers of generation N poll
 * `<family>.gen-N` is what keeps work on the code that accepted it.
 */
export function taskQueue(family: TaskQueueFamily, generation: number): string {
  if (!Number.isSafeInteger(generation) || generation < 1) {
    throw new RangeError(`A task queue needs a generation of 1 or more, not ${generation}.`);
  }
  return `${family}.gen-${generation}`;
}
