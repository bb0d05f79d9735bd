import { DROPPED, type KeyEntry } from './key-entry.js'
import { KeySegment, SEGMENT_SIZE } from './key-segment.js'

/** Entries of dropped keys that a group may hold, however few live. */
const FEW = 16

interface Group {
  segments: KeySegment[]
  living: number
  dropped: number
}

const NO_SEGMENTS: readonly KeySegment[] = []

/** All entries of a heap backend by key group, for those who go through them in that order. */
export class KeySegments {
  readonly #first: number
  readonly #groups: (Group | undefined)[]
  /** By number. */
  readonly #all: (KeySegment | undefined)[] = []
  readonly #freeNumbers: number[] = []

  /** @param range both ends belong to it */
  constructor({ start, end }: { readonly start: number; readonly end: number }) {
    this.#first = start
    this.#groups = Array.from({ length: end - start + 1 }, () => undefined)
  }

  add(entry: KeyEntry): void {
    const index = entry.keyGroup - this.#first
    this.#groups[index] ??= { segments: [], living: 0, dropped: 0 }
    const group = this.#groups[index]
    group.living++
    this.#put(group, entry)
  }

  /** @param entry whose key has no state any more; it keeps its place until {@link compact} */
  drop(entry: KeyEntry): void {
    const group = this.#groups[entry.keyGroup - this.#first]!
    group.living--
    group.dropped++
  }

  of(keyGroup: number): readonly KeySegment[] {
    return this.#groups[keyGroup - this.#first]?.segments ?? NO_SEGMENTS
  }

  segmentOf({ place }: KeyEntry): KeySegment {
    return this.#all[Math.floor(place / SEGMENT_SIZE)]!
  }

  /** Lets go of entries of keys that are gone if they are many: entries get other places. */
  compact(keyGroup: number): void {
    const group = this.#groups[keyGroup - this.#first]
    if (group === undefined || group.dropped <= FEW || group.dropped <= group.living) return
    const before = group.segments
    group.segments = []
    group.dropped = 0
    for (const { number } of before) {
      this.#all[number] = undefined
      this.#freeNumbers.push(number)
    }
    for (const { entries } of before) {
      for (const entry of entries) if (entry.version !== DROPPED) this.#put(group, entry)
    }
  }

  #put(group: Group, entry: KeyEntry): void {
    let segment = group.segments.at(-1)
    if (segment === undefined || segment.entries.length === SEGMENT_SIZE) {
      const number = this.#freeNumbers.pop() ?? this.#all.length
      segment = new KeySegment(number)
      this.#all[number] = segment
      group.segments.push(segment)
    }
    entry.place = segment.number * SEGMENT_SIZE + segment.entries.length
    segment.entries.push(entry)
  }
}
