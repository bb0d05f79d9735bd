import type { StateType } from './snapshot/snapshot-description.js'

/** One timer of a key. Immutable: snapshots keep it by reference. */
export interface KeyedTimer {
  readonly key: unknown
  /** Milliseconds. */
  readonly timestamp: number
  /** Undefined: of no window. */
  readonly namespace?: unknown
}

/** The timers of one timer service (of an operator and a name), which lie by key group. */
export interface TimerStateSource {
  /** Of the namespaces, for the snapshot. Default `dynamic`. */
  readonly namespaceType?: StateType
  /**
   * The timers of this group as they are now. The array must not be changed afterwards (a copy of the heap's), the timers in it
   * neither. Called once per group in the synchronous part of a snapshot.
   */
  timersOf(keyGroup: number): readonly KeyedTimer[]
  /** Adds restored timers of this group; called any number of times per group, before the first record. */
  restoreTimers(keyGroup: number, timers: readonly KeyedTimer[]): void
}
