import { atomic, type SurrealSession } from '#libs/stores/surreal/index.js';

export interface JobStart {
  readonly workflowId: string;
  readonly kind: 'document_pipeline';
  /** The id of what the job works on. */
  readonly subject: string;
  readonly generation: number;
}

/** The visible shadow of a workflow run: one `job` record per workflow id in the Context's database. */
export class JobRepository {
  constructor(private readonly session: SurrealSession) {}

  /** Makes the record unless it is there. */
  async queue(job: JobStart): Promise<void> {
    await atomic(
      this.session,
      `INSERT IGNORE INTO job { id: type::record('job', $workflowId), kind: $kind, subject: $subject, status: 'queued', attempts: 0,
         workflow_id: $workflowId, generation: $generation, created_at: time::now() }`,
      { ...job },
    );
  }

  /** Notes that a stage runs; `attempt` counts from 1 and the highest of all stages is kept. */
  async running(workflowId: string, stage: string, attempt: number): Promise<void> {
    await atomic(
      this.session,
      `UPDATE type::record('job', $workflowId) SET status = 'running', stage = $stage, attempts = math::max([attempts, $attempt]),
         started_at = started_at ?? time::now()`,
      { workflowId, stage, attempt },
    );
  }

  async finished(workflowId: string, status: 'succeeded' | 'failed', error: string | null): Promise<void> {
    await atomic(
      this.session,
      `UPDATE type::record('job', $workflowId) SET status = $status, error = $error, finished_at = time::now()`,
      { workflowId, status, error: error ?? undefined },
    );
  }
}
