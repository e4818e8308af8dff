import type { Generated, Selectable } from 'kysely';

/*
 * The tables as SQLite and PostgreSQL both hold them: ids and times as text (ISO, UTC), JSON as text, booleans as 0/1.
 * 64-bit columns may come back as text from PostgreSQL: whoever reads one wraps it in Number().
 */

export interface BackupRow {
  id: string;
  service: string;
  type: string;
  status: string;
  started_at: string;
  stored_bytes: number;
  bytes: number;
  duration_ms: number;
  /** JSON of the BackupRecord; the columns above are its searchable part. */
  record: string;
  keep: number;
  note: string | null;
  verified_at: string | null;
  verify_result: string | null;
  drilled_at: string | null;
  /** JSON array of names. */
  copies: string;
}

export interface OperationRow {
  id: string;
  kind: string;
  service: string;
  params: string;
  actor_name: string;
  actor_role: string;
  actor_via: string;
  reason: string | null;
  idempotency_key: string | null;
  request_hash: string;
  state: string;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  result: string | null;
  error: string | null;
}

export interface OperationStepTable {
  seq: Generated<number>;
  operation_id: string;
  name: string;
  state: string;
  started_at: string;
  ended_at: string | null;
  detail: string | null;
}

export type OperationStepRow = Selectable<OperationStepTable>;

export interface DrillRow {
  id: string;
  service: string;
  started_at: string;
  record: string;
}

export interface EventTable {
  seq: Generated<number>;
  kind: string;
  service: string;
  at: string;
  labels: string;
  duration_seconds: number | null;
}

export interface AuditRow {
  seq: number;
  at: string;
  actor: string;
  role: string;
  via: string;
  action: string;
  service: string | null;
  target: string | null;
  result: string;
  reason: string | null;
  operation_id: string | null;
  remote: string | null;
  details: string | null;
  hash: string;
}

export interface TokenTableRow {
  id: string;
  name: string;
  /** The name while the token is live, null afterwards: a unique index over it allows one live token a name. */
  live_name: string | null;
  role: string;
  hash: string;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface PauseRow {
  service: string;
  paused_by: string;
  reason: string;
  paused_since: string;
  paused_until: string;
}

export interface MaintenanceRow {
  service: string;
  opened_by: string;
  reason: string;
  opened_at: string;
  closes_at: string;
}

export interface LiveAlertRow {
  id: string;
  created_at: string;
  /** JSON of the AlertDefinition. */
  definition: string;
  /** JSON of the AlertMemory. */
  memory: string;
}

export interface FactRow {
  name: string;
  value: string;
}

export interface QualityReportRow {
  id: string;
  service: string;
  at: string;
  /** JSON of the QualitySummary: what is read every few seconds. */
  summary: string;
  /** JSON of the QualityReport. */
  report: string;
}

export interface QualityProfileRow {
  service: string;
  report_id: string;
  /** JSON of the TableProfiles. */
  profile: string;
}

export interface Schema {
  backups: BackupRow;
  operations: OperationRow;
  operation_steps: OperationStepTable;
  drills: DrillRow;
  events: EventTable;
  audit: AuditRow;
  tokens: TokenTableRow;
  pauses: PauseRow;
  maintenance: MaintenanceRow;
  live_alerts: LiveAlertRow;
  quality_reports: QualityReportRow;
  quality_profiles: QualityProfileRow;
  facts: FactRow;
}
