import assert from 'node:assert/strict'
import {
  hashKey,
  type KeyGroupRange,
  type KeyHandleSource,
  KeyMap,
  keyGroupFor,
} from '@flink-ts/core'
import { KeyGroupOutOfRangeError } from '../key-group-out-of-range-error.js'
import type { KeyedStateBackendOptions } from '../keyed-state-backend.js'
import { NoCurrentKeyError } from '../no-current-key-error.js'
import { DROPPED, KeyEntry } from './key-entry.js'
import { KeySegments } from './key-segments.js'

/** A snapshot that is being written. */
export interface EntryWriter {
  /** Entries of a lower version belong to it and have not been written. */
  readonly version: number
  /** Writes an entry, or keeps what it needs of it. Does not throw: whoever accesses state is not to blame. */
  write(entry: KeyEntry): void
}

/**
 * The current key and its entry, looked up once per record however often state is read and written.
 *
 * All entries lie in one {@link KeyMap}, and each knows its key group, which is computed when the entry is made: a map
 * per key group needs the hash of the key for every record and was measured at half the speed. What is written by
 * key group finds them in `segments`. (State of windows: the namespace becomes part of what an entry is found by.)
 *
 * It also keeps the promise of snapshots: an entry is written into all that lack it before anyone gets to see it. So
 * whoever reads or changes an entry got it from `find`, `findOrCreate`, or called `touch`.
 */
export class HeapKeyContext {
  readonly #maxParallelism: number
  readonly #keyGroupRange: KeyGroupRange
  readonly #entries = new KeyMap<KeyEntry>()
  /** All entries by key group. */
  readonly segments: KeySegments
  readonly #handles: KeyHandleSource | undefined
  #key: unknown = undefined
  #entry: KeyEntry | undefined = undefined
  #isLookedUp = false
  /** Of the newest snapshot, which may be written by now. */
  #version = 0
  #writers: readonly EntryWriter[] = []

  constructor({ maxParallelism, keyGroupRange, keyHandles }: KeyedStateBackendOptions) {
    this.#maxParallelism = maxParallelism
    this.#keyGroupRange = keyGroupRange
    this.segments = new KeySegments(keyGroupRange)
    this.#handles = keyHandles?.claim()
  }

  get key(): unknown {
    return this.#key
  }

  setKey(key: unknown): void {
    this.#key = key
    this.#isLookedUp = false
  }

  /** The entry of the current key, if it has any state. */
  find(stateName: string): KeyEntry | undefined {
    if (this.#isLookedUp) return this.#entry
    return this.#lookUp(stateName)
  }

  /** The entry of the current key, made if there is none. */
  findOrCreate(stateName: string): KeyEntry {
    return this.find(stateName) ?? this.#create()
  }

  /** Drops the entry of the current key; its last value was cleared. */
  drop(): void {
    if (this.#entry !== undefined) this.dropEntry(this.#entry)
  }

  /** Drops an entry that was touched and has no value any more. */
  dropEntry(entry: KeyEntry): void {
    this.#entries.delete(entry.key)
    entry.version = DROPPED
    this.segments.drop(entry)
    if (this.#writers.length === 0) this.segments.compact(entry.keyGroup)
    if (this.#entry === entry) this.#entry = undefined
  }

  get numberOfKeys(): number {
    return this.#entries.size
  }

  /** All entries, also while others come and go; some that were dropped meanwhile may be among them. */
  entries(): IterableIterator<KeyEntry> {
    return this.#entries.values()
  }

  /** Calls `visit` with every entry, touched. */
  forEach(visit: (entry: KeyEntry) => void): void {
    this.#entries.forEach((entry) => {
      this.touch(entry)
      visit(entry)
    })
  }

  /** To be called before an entry is read or changed that did not come from {@link find}. */
  touch(entry: KeyEntry): void {
    if (entry.version !== this.#version) this.#catchUp(entry)
  }

  /** Begins a snapshot: from here on entries are written into `writer` before they are touched, until it is removed. */
  addWriter<W extends EntryWriter>(make: (version: number) => W): W {
    const writer = make(++this.#version)
    assert(this.#version < DROPPED, 'snapshots are numbered in 30 bits')
    this.#writers = [...this.#writers, writer]
    this.#isLookedUp = false
    return writer
  }

  removeWriter(writer: EntryWriter): void {
    this.#writers = this.#writers.filter((other) => other !== writer)
  }

  /** These entries are about to be written into `writer`, or were: others that lack them get them now. */
  handOver(entries: readonly KeyEntry[], from: number, to: number, writer: EntryWriter): void {
    const newest = this.#version
    const others = this.#writers.filter((other) => other !== writer)
    for (let i = from; i < to; i++) {
      const entry = entries[i]!
      if (entry.version >= writer.version) continue
      for (const other of others) if (entry.version < other.version) other.write(entry)
      entry.version = newest
    }
  }

  /** The entries of a key group are written into `writer` as far as it will. Their places may change. */
  hasWritten(keyGroup: number, writer: EntryWriter): void {
    if (this.#writers.length === 1 && this.#writers[0] === writer) this.segments.compact(keyGroup)
  }

  /** An entry for a key that is restored; it belongs to the context when it was handed to {@link addRestored}. */
  newEntry(key: unknown, keyGroup: number): KeyEntry {
    return new KeyEntry(key, keyGroup, this.#version)
  }

  addRestored(entries: readonly KeyEntry[]): void {
    this.#entries.setAll(entries, ({ key }) => key)
    for (const entry of entries) this.segments.add(entry)
  }

  #lookUp(stateName: string): KeyEntry | undefined {
    const key = this.#key
    if (key === undefined) throw new NoCurrentKeyError(stateName)
    const handles = this.#handles
    const version = this.#version
    if (handles !== undefined) {
      const known = handles.get(key) as KeyEntry | undefined
      if (known !== undefined && (known.version === version || this.#catchUp(known))) {
        this.#entry = known
        this.#isLookedUp = true
        return known
      }
    }
    const entry = this.#entries.get(key)
    if (entry !== undefined) {
      if (entry.version !== version) this.#catchUp(entry)
      handles?.put(key, entry)
    } else {
      // A key that has no entry is checked each time: it may belong to another subtask.
      this.#ownKeyGroup()
    }
    this.#entry = entry
    this.#isLookedUp = true
    return entry
  }

  /** @returns whether it is still the entry of its key */
  #catchUp(entry: KeyEntry): boolean {
    if (entry.version === DROPPED) return false
    for (const writer of this.#writers) if (entry.version < writer.version) writer.write(entry)
    entry.version = this.#version
    return true
  }

  #create(): KeyEntry {
    const entry = new KeyEntry(this.#key, this.#ownKeyGroup(), this.#version)
    this.#entries.set(this.#key, entry)
    this.segments.add(entry)
    this.#entry = entry
    this.#handles?.put(this.#key, entry)
    return entry
  }

  #ownKeyGroup(): number {
    const range = this.#keyGroupRange
    const keyGroup = keyGroupFor(hashKey(this.#key), this.#maxParallelism)
    if (keyGroup < range.start || keyGroup > range.end) {
      throw new KeyGroupOutOfRangeError(this.#key, keyGroup, range)
    }
    return keyGroup
  }
}
