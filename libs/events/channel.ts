/** NOTIFY channel of a generation. Relays listen on their own only. */
export function outboxChannel(generation: number): string {
  return `outbox_gen_${generation}`;
}

/** A notification with this prefix is a listener testing itself; it wakes nobody. */
export const SELF_TEST_PREFIX = 'self-test:';
