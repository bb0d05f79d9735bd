import { MAX_DICTIONARY_ENTRIES } from './format.js'

const WAYS = 4
const FIRST_SLOTS = 1024

/**
 * The encoder's side of a channel's dictionary: a set-associative cache from string to id. It
 * never holds more than {@link MAX_DICTIONARY_ENTRIES} strings; a new one takes the id of one that it
 * pushes out, so that it follows a stream whose words change.
 */
export class StringDictionary {
  #slots: (string | undefined)[] = emptySlots(FIRST_SLOTS)
  /** Hash of each slot's string: four are compared in one cache line before any string is touched. */
  #hashes = new Int32Array(FIRST_SLOTS)
  /** Id + 1 of each slot; an id stays with its slot. */
  #ids = new Uint16Array(FIRST_SLOTS)
  #nextId = 0
  readonly #freeIds: number[] = []
  #turn = 0
  #wantsGrowth = false
  /** Slots filled since {@link begin}. */
  readonly #filled: number[] = []

  /** Starts a record: what is added from here on can be taken back with {@link rollback}. */
  begin(): void {
    if (this.#filled.length > 0) {
      this.#filled.length = 0
      if (this.#wantsGrowth) this.#grow()
    }
  }

  /** Forgets what was added since {@link begin}. */
  rollback(): void {
    for (const slot of this.#filled) this.#slots[slot] = undefined
    this.#filled.length = 0
  }

  clear(): void {
    this.#slots.fill(undefined)
    this.#ids.fill(0)
    this.#nextId = 0
    this.#freeIds.length = 0
    this.#filled.length = 0
  }

  /** The id of `text`, or -1 - slot where {@link add} may put it. */
  find(text: string): number {
    const hash = hashOf(text)
    const hashes = this.#hashes
    const first = hash & (hashes.length - 1) & -WAYS
    for (let slot = first; slot < first + WAYS; slot++) {
      if (hashes[slot] === hash && this.#slots[slot] === text) return this.#ids[slot]! - 1
    }
    return -1 - first
  }

  /** Adds a string that {@link find} did not find, and gives it an id. */
  add(first: number, text: string): number {
    let slot = first
    while (slot < first + WAYS && this.#slots[slot] !== undefined) slot++
    if (slot === first + WAYS) {
      if (this.#slots.length < MAX_DICTIONARY_ENTRIES) this.#wantsGrowth = true
      slot = first + (this.#turn++ & (WAYS - 1))
    }
    this.#slots[slot] = text
    this.#hashes[slot] = hashOf(text)
    if (this.#ids[slot] === 0) this.#ids[slot] = this.#freeIds.pop() ?? ++this.#nextId
    this.#filled.push(slot)
    return this.#ids[slot]! - 1
  }

  #grow(): void {
    this.#wantsGrowth = false
    const slots = this.#slots
    const ids = this.#ids
    const hashes = this.#hashes
    this.#slots = emptySlots(slots.length * 4)
    this.#hashes = new Int32Array(slots.length * 4)
    this.#ids = new Uint16Array(slots.length * 4)
    for (let i = 0; i < slots.length; i++) {
      const text = slots[i]
      if (text === undefined) {
        // A slot that was rolled back, or never used.
        if (ids[i] !== 0) this.#freeIds.push(ids[i]!)
        continue
      }
      let slot = hashes[i]! & (this.#slots.length - 1) & -WAYS
      // The set of a string comes from one set of a quarter of the size: there is room.
      while (this.#slots[slot] !== undefined) slot++
      this.#slots[slot] = text
      this.#hashes[slot] = hashes[i]!
      this.#ids[slot] = ids[i]!
    }
  }
}

function emptySlots(count: number): (string | undefined)[] {
  return new Array<string | undefined>(count).fill(undefined)
}

/** Of the length, the first three and the last five characters: enough to tell words and ids apart. */
function hashOf(text: string): number {
  const length = text.length
  let hash = length
  let i = 0
  if (length > 8) {
    hash = Math.imul(hash, 31) + text.charCodeAt(0)
    hash = Math.imul(hash, 31) + text.charCodeAt(1)
    hash = Math.imul(hash, 31) + text.charCodeAt(2)
    i = length - 5
  }
  for (; i < length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i)
  hash = Math.imul(hash, 0x9e3779b1)
  return hash ^ (hash >>> 15)
}
