import type { KeyedStateKind, SnapshotWriter } from '@flink-ts/state'
import { TimedValue } from '@flink-ts/state'
import type { LsmStore } from '../store/lsm-store.js'
import type { StoreView } from '../store/store-view.js'
import { FLUSH_BYTES, SlicedSnapshot } from './sliced-snapshot.js'
import type { StoredEntry } from './stored-entries.js'

/** A snapshot that stands alone: all entries in the format that every backend reads. */
export class CanonicalSnapshot extends SlicedSnapshot {
  protected readonly writer: SnapshotWriter
  readonly #store: LsmStore
  readonly #view: StoreView
  readonly #entries: () => Iterable<StoredEntry>
  readonly #kinds: readonly KeyedStateKind[]
  readonly #expiredAtMs: readonly (number | undefined)[]

  constructor(
    options: ConstructorParameters<typeof SlicedSnapshot>[0] & {
      readonly writer: SnapshotWriter
      readonly store: LsmStore
      readonly view: StoreView
      /** Over the view. */
      readonly entries: () => Iterable<StoredEntry>
      /** By number of the state. */
      readonly kinds: readonly KeyedStateKind[]
      /** By number of the state: what was accessed last at this time or before is left out. */
      readonly expiredAtMs: readonly (number | undefined)[]
    },
  ) {
    super(options)
    this.writer = options.writer
    this.#store = options.store
    this.#view = options.view
    this.#entries = options.entries
    this.#kinds = options.kinds
    this.#expiredAtMs = options.expiredAtMs
  }

  protected *write(): Generator<void, void> {
    // What is in memory becomes a table first: then the snapshot holds files and no memory.
    while (!this.#store.flushFor(this.#view, FLUSH_BYTES)) yield
    for (const entry of this.#entries()) {
      this.#add(entry)
      yield
    }
    yield* this.writeTimers(this.writer)
  }

  protected giveBack(): void {
    this.#view.release()
  }

  #add({ keyGroup, state, key, values, mapKey }: StoredEntry): void {
    const limit = this.#expiredAtMs[state]
    const living =
      limit === undefined
        ? values
        : values.filter((value) => !(value instanceof TimedValue) || value.lastAccessMs > limit)
    if (living.length === 0) return
    const kind = this.#kinds[state]
    if (kind === 'list') this.writer.addList(state, keyGroup, key, living)
    else if (kind === 'map') this.writer.addMap(state, keyGroup, key, [[mapKey, living[0]]])
    else this.writer.addValue(state, keyGroup, key, living[0])
  }
}
