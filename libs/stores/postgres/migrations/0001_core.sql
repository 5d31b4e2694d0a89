-- The event substrate: deployments (generations), the outbox, the dedup gate of its handlers, and the worker rows.
-- Written for PostgreSQL 15 and later. The inspection queries of the deployment runbook run on it unchanged.

create schema if not exists core;
comment on schema core is 'The event substrate: deployment generations, transactional outbox, handler dedup, worker heartbeats.';

-- ---------------------------------------------------------------------------------------------------- deployments

create table core.deployments (
  generation   bigint generated always as identity primary key,
  reference    text not null,
  code_hash    text,
  deployed_at  timestamptz not null default now(),
  deployed_by  text not null,
  tag          text,
  activated_at timestamptz,
  retired_at   timestamptz
);
comment on table core.deployments is 'One row per deployment generation. Allocation is one INSERT ... RETURNING generation; head = max(generation). Never delete a row: its number would lose its meaning for every stamp that carries it.';
comment on column core.deployments.generation is 'Stamped on events, task queues, search attributes, worker rows and log lines. Never reused; gaps are normal.';
comment on column core.deployments.reference is 'Git reference of the deployed code.';
comment on column core.deployments.code_hash is 'Identity of the built code, recorded by the first process of the generation; a process with another hash refuses to start on it.';
comment on column core.deployments.deployed_by is 'Person or pipeline that allocated the generation.';
comment on column core.deployments.activated_at is 'Last activation. The generation with the latest activated_at owns the schedules.';
comment on column core.deployments.retired_at is 'Set when the generation was drained (or abandoned on the record) and may stop for good.';

-- --------------------------------------------------------------------------------------------------------- outbox

-- No foreign key from generation to core.deployments: it would take a share lock on one hot row for every event.
-- A process checks its generation once, at boot.
create table core.outbox (
  id               uuid primary key default gen_random_uuid(),
  event_type       text not null,
  event_version    integer not null check (event_version >= 1),
  occurred_at      timestamptz not null default now(),
  source           text not null,
  target           text,
  content_class    text not null check (content_class in ('WORLDS', 'OPERATIONS', 'PLATFORM', 'SYNTHETIC')),
  channel          text not null default 'outbox_default',
  generation       bigint not null check (generation >= 1),
  domain_id        uuid,
  org_id           text,
  payload          jsonb not null,
  idempotency_key  text not null check (idempotency_key <> ''),
  trace_context    text,
  status           text not null default 'pending' check (status in ('pending', 'in_flight', 'delivered', 'failed')),
  attempts         integer not null default 0 check (attempts >= 0),
  last_error       text,
  failure_history  jsonb not null default '[]'::jsonb check (jsonb_typeof(failure_history) = 'array'),
  first_failed_at  timestamptz,
  available_at     timestamptz not null default now(),
  claimed_at       timestamptz,
  claimed_by       text,
  claim_token      uuid,
  claim_expires_at timestamptz,
  delivered_at     timestamptz,
  deleted_at       timestamptz,
  -- A token says "in flight", exactly: statements that finish a claim match (id, claim_token) and leave status out, or
  -- the planner takes the reaper's index for them and reads through the dead entries of every row that ever was in flight.
  constraint outbox_token_means_in_flight check ((status = 'in_flight') = (claim_token is not null)),
  constraint outbox_claim_is_whole check (
    status <> 'in_flight' or (claimed_by is not null and claim_expires_at is not null)
  )
)
-- Every row is updated at least twice (claimed, delivered). status stands in the predicates of the claim indexes, so
-- these updates are never heap-only; free space on the page still keeps a row's versions together, where the next visit
-- prunes them. Vacuum early and often: a queue is small when it is clean and slow when it is not.
with (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.1,
  autovacuum_analyze_scale_factor = 0.05,
  autovacuum_vacuum_cost_delay = 1
);

-- Serves the claim: begins with generation, holds only what can be claimed, in the order of claiming.
create index outbox_claim_idx on core.outbox (generation, available_at)
  where status = 'pending' and deleted_at is null and claim_expires_at is null;

-- Rows that came back from an expired lease: claimed alone, one by one. Nearly always empty.
create index outbox_lapsed_idx on core.outbox (generation, available_at)
  where status = 'pending' and deleted_at is null and claim_expires_at is not null;

-- Serves the reaper: the claims of a generation by expiry.
create index outbox_reaper_idx on core.outbox (generation, claim_expires_at)
  where status = 'in_flight';

-- Serves the list of dead letters.
create index outbox_dead_letter_idx on core.outbox (generation, first_failed_at)
  where status = 'failed' and deleted_at is null;

comment on table core.outbox is 'Transactional outbox. The commit of a row is the accept point: from then on the work is not lost. Dead letters: status = ''failed'' and deleted_at is null; bring them back with core.outbox_replay(ids).';
comment on column core.outbox.id is 'Event id.';
comment on column core.outbox.event_type is '<thing>.<past participle>, for example document.accepted.';
comment on column core.outbox.event_version is 'Version of the payload''s contract.';
comment on column core.outbox.occurred_at is 'When the event was written, by database time.';
comment on column core.outbox.source is 'Producing context.';
comment on column core.outbox.target is 'Receiving context; null = every handler of the type.';
comment on column core.outbox.content_class is 'Retention class: WORLDS, OPERATIONS, PLATFORM, SYNTHETIC.';
comment on column core.outbox.channel is 'NOTIFY channel of the generation: outbox_gen_<N>. A notification only wakes; this table decides.';
comment on column core.outbox.generation is 'Deployment generation of the publisher. Only workers of this generation claim the row.';
comment on column core.outbox.domain_id is 'Tenant domain, where the event has one.';
comment on column core.outbox.org_id is 'Tenant organisation, where the event has one.';
comment on column core.outbox.payload is 'References (ids, object keys, hashes), validated by the contract of the event type. No document text.';
comment on column core.outbox.idempotency_key is 'What the event is about, chosen by the producer. Several rows may share a key: core.event_handled makes their effect happen once per handler.';
comment on column core.outbox.trace_context is 'W3C traceparent of the publisher.';
comment on column core.outbox.status is 'pending -> in_flight -> delivered; in_flight -> pending (retry, release, reaper); in_flight -> failed (terminal error or attempts spent).';
comment on column core.outbox.attempts is 'Claims that were not given back. Counted at the claim, so a crash counts.';
comment on column core.outbox.last_error is 'Last failure: handler, error class, message. Stays on a row that was delivered later.';
comment on column core.outbox.failure_history is 'One entry per replayed failure: attempts, last_error, first_failed_at, claimed_at, claimed_by, replayed_at.';
comment on column core.outbox.first_failed_at is 'First failure of the current cycle.';
comment on column core.outbox.available_at is 'Not claimed before this instant; a retry moves it into the future.';
comment on column core.outbox.claimed_at is 'Last claim.';
comment on column core.outbox.claimed_by is 'Worker that holds the claim, or held the last one (delivered, failed).';
comment on column core.outbox.claim_token is 'Identity of the current claim, null unless in_flight. An effect commits only while its row carries the token it was claimed with.';
comment on column core.outbox.claim_expires_at is 'Expiry of the lease, by database time. On a pending row: the lease that expired; such a row is claimed alone.';
comment on column core.outbox.delivered_at is 'When every handler was done.';
comment on column core.outbox.deleted_at is 'Soft delete; the row is not claimed any more.';

-- -------------------------------------------------------------------------------------------------- event_handled

create table core.event_handled (
  handler_name    text not null,
  idempotency_key text not null,
  event_id        uuid not null,
  generation      bigint not null,
  handled_at      timestamptz not null default now(),
  primary key (handler_name, idempotency_key)
);
comment on table core.event_handled is 'The dedup gate. Inserting the key in the transaction of the effect is the gate: a conflict means "already done". Kept longer than the outbox (60 d > 45 d + 7 d), or a replayed row could act twice.';
comment on column core.event_handled.handler_name is '<context>.<handler>.';
comment on column core.event_handled.idempotency_key is 'Key of the event that was handled.';
comment on column core.event_handled.event_id is 'Outbox row that won the gate.';
comment on column core.event_handled.generation is 'Generation whose code handled it.';
comment on column core.event_handled.handled_at is 'When, by database time.';

-- -------------------------------------------------------------------------------------------------------- workers

create table core.workers (
  worker_id   text primary key,
  generation  bigint not null check (generation >= 1),
  environment text not null,
  state       text not null check (state in ('running', 'reconnecting', 'exited')),
  last_seen   timestamptz not null default now(),
  started_at  timestamptz not null default now(),
  host        text not null,
  pid         integer not null,
  roles       text[] not null,
  version     text not null,
  detail      jsonb not null default '{}'::jsonb
)
with (fillfactor = 50); -- A heartbeat touches no indexed column: with room on the page it stays a heap-only update.
create index workers_generation_idx on core.workers (generation) where state <> 'exited';

comment on table core.workers is 'One row per process. last_seen older than 60 s while not exited: crashed or cut off. Stale rows stay for operators to see.';
comment on column core.workers.worker_id is 'Unique per process start.';
comment on column core.workers.generation is 'Generation whose work this process does.';
comment on column core.workers.environment is 'Deployment environment, for example production.';
comment on column core.workers.state is 'running -> reconnecting -> running; exited on an orderly stop.';
comment on column core.workers.last_seen is 'Last heartbeat (about every 30 s), by database time.';
comment on column core.workers.started_at is 'When the process registered.';
comment on column core.workers.roles is 'Roles that the process carries: api, worker, scheduler.';
comment on column core.workers.version is 'Version of the software.';
comment on column core.workers.detail is 'What the process says about itself: relay listener, circuit, in-flight counts.';

-- --------------------------------------------------------------------------------------------------------- replay

-- Returns what was replayed, so that the caller can warn when a generation has no live worker. Ids that are not dead
-- letters are left alone. The notification is sent inside the transaction on purpose: replaying is a rare act of an
-- operator, and one round trip from any SQL console should be all it takes.
create function core.outbox_replay(ids uuid[]) returns table (id uuid, generation bigint)
language sql
as $$
  with replayed as (
    update core.outbox o
       set status           = 'pending',
           failure_history  = o.failure_history || jsonb_build_array(jsonb_build_object(
             'attempts', o.attempts,
             'last_error', o.last_error,
             'first_failed_at', o.first_failed_at,
             'claimed_at', o.claimed_at,
             'claimed_by', o.claimed_by,
             'replayed_at', now())),
           attempts         = 0,
           last_error       = null,
           first_failed_at  = null,
           available_at     = now(),
           claimed_at       = null,
           claimed_by       = null,
           claim_token      = null,
           claim_expires_at = null
     where o.id = any (ids)
       and o.status = 'failed'
       and o.deleted_at is null
    returning o.id, o.generation, o.channel
  ), woken as (
    select pg_notify(c.channel, '') from (select distinct r.channel from replayed r) c
  )
  select r.id, r.generation from replayed r where (select count(*) from woken) >= 0;
$$;
comment on function core.outbox_replay(uuid[]) is 'Brings dead letters back on their own generation: the failed cycle goes to failure_history, attempts and errors are cleared. Example: select * from core.outbox_replay(array(select id from core.outbox where status = ''failed'' and deleted_at is null));';
