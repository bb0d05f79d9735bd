import type { Clock } from '@flink-ts/core'
import { SlidingWindowHistogram } from '@flink-ts/metrics'
import type { CheckpointError } from './checkpoint-errors.js'
import type { AcknowledgeCheckpoint } from './checkpoint-gateways.js'
import { type CheckpointHistoryEntry, CheckpointRecord } from './checkpoint-record.js'
import type { CompletedCheckpoint } from './completed-checkpoint.js'
import type { PendingCheckpoint } from './pending-checkpoint.js'
import { type StatisticsSummary, summaryOfHistogram } from './summary-of-values.js'

const SUMMARIZED = [
  'checkpointed_size',
  'state_size',
  'end_to_end_duration',
  'alignment_buffered',
  'processed_data',
  'persisted_data',
] as const

/** What `GET /jobs/:jobid/checkpoints` answers. */
export interface CheckpointingStatistics {
  readonly counts: {
    readonly restored: number
    readonly total: number
    readonly in_progress: number
    readonly completed: number
    readonly failed: number
  }
  readonly summary: Readonly<Record<(typeof SUMMARIZED)[number], StatisticsSummary>>
  readonly latest: {
    readonly completed: CheckpointHistoryEntry | null
    readonly savepoint: CheckpointHistoryEntry | null
    readonly failed: CheckpointHistoryEntry | null
    readonly restored: {
      readonly id: number
      readonly restore_timestamp: number
      readonly is_savepoint: boolean
      readonly external_path: string
    } | null
  }
  /** Newest first. */
  readonly history: readonly CheckpointHistoryEntry[]
}

/** Keeps what REST tells of a job's checkpoints. Lost with the JobMaster, as Flink's. */
export class CheckpointStatisticsTracker {
  readonly #clock: Clock
  readonly #historySize: number
  readonly #sharedSizeBytes: (key: string) => number
  /** Oldest first. Those that go on are kept beyond the size. */
  readonly #records = new Map<bigint, CheckpointRecord>()
  readonly #summary = new Map(SUMMARIZED.map((name) => [name, new SlidingWindowHistogram(10_000)]))
  readonly #counts = { restored: 0, total: 0, in_progress: 0, completed: 0, failed: 0 }
  #latestCompleted: CheckpointRecord | undefined
  #latestSavepoint: CheckpointRecord | undefined
  #latestFailed: CheckpointRecord | undefined
  #restored: CheckpointingStatistics['latest']['restored'] = null

  constructor(options: {
    readonly clock: Clock
    readonly historySize: number
    readonly sharedSizeBytes: (key: string) => number
  }) {
    this.#clock = options.clock
    this.#historySize = options.historySize
    this.#sharedSizeBytes = options.sharedSizeBytes
  }

  /** Now, as it counts. */
  get nowMs(): number {
    return this.#clock.now()
  }

  began(pending: PendingCheckpoint): void {
    this.#counts.total++
    this.#counts.in_progress++
    const record = new CheckpointRecord(pending, this.#sharedSizeBytes)
    this.#records.set(pending.checkpointId, record)
    this.#shorten()
  }

  acknowledged(acknowledgement: AcknowledgeCheckpoint): void {
    this.#records
      .get(acknowledgement.checkpointId)
      ?.acknowledged(acknowledgement, this.#clock.now())
  }

  completed(pending: PendingCheckpoint, { externalPath }: CompletedCheckpoint): void {
    this.#counts.in_progress--
    this.#counts.completed++
    const record = this.#records.get(pending.checkpointId)!
    record.completed(externalPath, this.#clock.now())
    if (pending.isSavepoint) this.#latestSavepoint = record
    else this.#latestCompleted = record
    const entry = record.toEntry(this.#clock.now())
    for (const name of SUMMARIZED) this.#summary.get(name)!.update(entry[name])
    this.#shorten()
  }

  failed(pending: PendingCheckpoint, error: CheckpointError): void {
    this.#counts.in_progress--
    this.#counts.failed++
    const record = this.#records.get(pending.checkpointId)!
    record.failed(error.message, this.#clock.now())
    this.#latestFailed = record
    this.#shorten()
  }

  /** A completed one is not kept any more. */
  discarded(checkpointId: bigint): void {
    this.#records.get(checkpointId)?.discarded()
  }

  /** A completed one cannot be restored. */
  damaged(checkpointId: bigint, message: string): void {
    this.#records.get(checkpointId)?.damaged(message, this.#clock.now())
  }

  restored({ checkpointId, metadata, externalPath }: CompletedCheckpoint): void {
    this.#counts.restored++
    this.#restored = {
      id: Number(checkpointId),
      restore_timestamp: this.#clock.now(),
      is_savepoint: metadata.kind === 'SAVEPOINT',
      external_path: externalPath,
    }
  }

  /** One checkpoint of the history. Undefined: it is not there any more. */
  record(checkpointId: bigint): CheckpointRecord | undefined {
    return this.#records.get(checkpointId)
  }

  toStatistics(): CheckpointingStatistics {
    const nowMs = this.#clock.now()
    const entry = (record: CheckpointRecord | undefined) => record?.toEntry(nowMs) ?? null
    const summary = Object.fromEntries(
      [...this.#summary].map(([name, histogram]) => [name, summaryOfHistogram(histogram)]),
    ) as Record<(typeof SUMMARIZED)[number], StatisticsSummary>
    return {
      counts: { ...this.#counts },
      summary,
      latest: {
        completed: entry(this.#latestCompleted),
        savepoint: entry(this.#latestSavepoint),
        failed: entry(this.#latestFailed),
        restored: this.#restored,
      },
      history: [...this.#records.values()].reverse().map((record) => record.toEntry(nowMs)),
    }
  }

  #shorten(): void {
    let left = this.#records.size - this.#historySize
    for (const [id, record] of this.#records) {
      if (left <= 0) return
      if (!record.isEnded) continue
      this.#records.delete(id)
      left--
    }
  }
}
