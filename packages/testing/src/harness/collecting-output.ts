import type { Output } from '@flink-ts/runtime'

/** What an operator emitted. */
export interface OutputRecord<T> {
  readonly value: T
  /** Event time; undefined if it has none. */
  readonly timestampMs: number | undefined
}

/** Keeps what an operator emits. */
export class CollectingOutput implements Output {
  readonly records: OutputRecord<unknown>[] = []
  readonly watermarks: number[] = []
  readonly statuses: ('ACTIVE' | 'IDLE')[] = []

  collect(value: unknown, timestamp: number): void {
    this.records.push({ value, timestampMs: Number.isNaN(timestamp) ? undefined : timestamp })
  }

  emitWatermark(timestampMs: number): void {
    this.watermarks.push(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.statuses.push(status)
  }
}
