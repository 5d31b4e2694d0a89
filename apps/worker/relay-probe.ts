import type { RelayStatus } from '#libs/events/index.js';
import type { HealthProbe } from '../api/health/health.service.js';

/** How /health shows the relay of its own process: polling instead of listening, or a dependency that is down. */
export function relayProbe(status: () => RelayStatus): HealthProbe {
  return () => {
    const { listener, circuit, claimError } = status();
    if (circuit.state !== 'closed')
      return { state: 'degraded', detail: `${circuit.dependency ?? 'a dependency'} is down; accepted work waits` };
    if (claimError) return { state: 'degraded', detail: 'the outbox cannot be read' };
    return listener.healthy ? { state: 'wired', detail: 'listening' } : { state: 'degraded', detail: 'polling' };
  };
}
