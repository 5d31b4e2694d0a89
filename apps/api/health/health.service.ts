import type { Health, ServiceHealth, Version, WiringState } from '#libs/contracts/index.js';
import type { Services } from '../../spectrad/services.js';

/** A part of this process that reports itself in /health beside the stores, such as the relay in a process that has one. */
export type HealthProbe = () => { readonly state: WiringState; readonly detail?: string };

const CHECK_TIMEOUT_MS = 2_000;

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('timed out'));
    }, CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** What this process can vouch for: its version and generation, and whether what it needs answers. */
export class HealthService {
  /** Off first on SIGTERM, so that load balancers stop sending before anything closes. */
  takesTraffic = false;

  constructor(
    private readonly services: Services,
    private readonly probes: Readonly<Record<string, HealthProbe>>,
  ) {}

  async report(): Promise<Health> {
    const { services } = this;
    const [outbox, surrealdb, objectStore, worker] = await Promise.all([
      this.#check(() => services.pool.query('SELECT 1 FROM core.outbox LIMIT 1')),
      this.#check(() => this.#requireSurreal()),
      this.#check(() => services.objects.check()),
      this.#liveWorkers(),
    ]);
    const wiring: Health['wiring'] = {
      outbox: { state: outbox ? 'wired' : 'unwired' },
      surrealdb: { state: surrealdb ? 'wired' : 'unwired' },
      object_store: { state: objectStore ? 'wired' : 'unwired' },
      worker,
      embeddings: { state: 'wired', detail: services.embeddings.id },
    };
    for (const [name, probe] of Object.entries(this.probes)) wiring[name] = probe();
    const degraded = Object.values(wiring).some((part) => part.state !== 'wired');
    return {
      status: outbox ? (degraded ? 'degraded' : 'ok') : 'unavailable',
      version: services.build.version,
      commit_sha: services.build.sha,
      generation: services.generation,
      environment: services.settings.SPECTRA_ENVIRONMENT,
      wiring,
    };
  }

  async service(): Promise<ServiceHealth> {
    const [surrealdb, objectStore] = await Promise.all([
      this.#check(() => this.#requireSurreal()),
      this.#check(() => this.services.objects.check()),
    ]);
    return {
      status: surrealdb && objectStore ? 'ok' : 'error',
      surrealdb: surrealdb ? 'connected' : 'disconnected',
      object_store: objectStore ? 'ok' : 'error',
      version: this.services.build.version,
    };
  }

  version(): Version {
    return {
      service: 'api',
      environment: this.services.settings.SPECTRA_ENVIRONMENT,
      generation: this.services.generation,
      commit_sha: this.services.build.sha,
      deployed_at: this.services.deployedAt,
    };
  }

  async #requireSurreal(): Promise<void> {
    if (!(await this.services.server.isConnected())) throw new Error('not connected');
  }

  async #liveWorkers(): Promise<Health['wiring'][string]> {
    try {
      const { rows } = await within(
        this.services.pool.query<{ live: number }>(
          `SELECT count(*)::int AS live FROM core.workers
           WHERE generation = $1 AND state = 'running' AND 'worker' = ANY(roles) AND last_seen > now() - interval '60 seconds'`,
          [this.services.generation],
        ),
      );
      const live = rows[0]?.live ?? 0;
      return live > 0
        ? { state: 'wired', detail: `${live} live` }
        : { state: 'degraded', detail: 'no live worker of this generation; accepted work waits' };
    } catch {
      return { state: 'degraded', detail: 'unknown' };
    }
  }

  async #check(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await within(work());
      return true;
    } catch {
      return false;
    }
  }
}
