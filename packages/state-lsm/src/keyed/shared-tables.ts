import type { SharedState } from '@flink-ts/state'
import type { Table } from '../store/table.js'

/** Which tables are in the storage of checkpoints, and under which keys. */
export class SharedTables {
  /** Makes keys unique in the job: of operator, subtask and this run of it. */
  readonly #prefix: string
  /** Of restored tables, by name. */
  readonly #restoredKeys = new Map<string, string>()
  /** By checkpoint that may still complete. */
  readonly #pending = new Map<bigint, readonly string[]>()
  #stored = new Set<string>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  keyOf({ name }: Table): string {
    return this.#restoredKeys.get(name) ?? `${this.#prefix}-${name}`
  }

  restored(name: string, key: string): void {
    this.#restoredKeys.set(name, key)
    this.#stored.add(key)
  }

  /** Whether the newest completed checkpoint, or what was restored, has it. */
  isStored(key: string): boolean {
    return this.#stored.has(key)
  }

  stored(checkpointId: bigint, tables: readonly SharedState[]): void {
    this.#pending.set(
      checkpointId,
      tables.map(({ key }) => key),
    )
  }

  /** What was restored may belong to somebody else: it is stored again, under other keys. */
  forgetRestored(): void {
    for (const key of this.#restoredKeys.values()) this.#stored.delete(key)
    this.#restoredKeys.clear()
  }

  completed(checkpointId: bigint): void {
    const keys = this.#pending.get(checkpointId)
    if (keys !== undefined) this.#stored = new Set(keys)
    for (const id of this.#pending.keys()) if (id <= checkpointId) this.#pending.delete(id)
  }

  aborted(checkpointId: bigint): void {
    this.#pending.delete(checkpointId)
  }
}
