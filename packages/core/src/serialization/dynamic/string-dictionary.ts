import { MAX_DICTIONARY_ENTRIES } from './format.js'

const WAYS = 4
const FIRST_SLOTS = 1024
/** Numbers of a slot: two that tell the string, what it is, id + 1. Four slots are one cache line. */
const WIDTH = 4
const LOW = 0
const HIGH = 1
const KIND = 2
const ID = 3
/** A slot whose string was taken back. */
const NO_KIND = -1
/** Strings up to this length lie in their slot as a whole, if they are Latin-1. */
const PACKED_LENGTH = 8
/** Added to their length; a slot of kind 0 is empty. */
const PACKED = 1
/** Added to the length of a string that does not. */
const BY_REFERENCE = 0x100

/**
 * The encoder's side of a channel's dictionary: a set-associative cache from string to id. It
 * never holds more than {@link MAX_DICTIONARY_ENTRIES} strings; a new one takes the id of one that it
 * pushes out, so that it follows a stream whose words change.
 *
 * Most strings are short: their characters are packed into two numbers, which tell them apart without any look at
 * a string. Of others a hash is compared first.
 */
export class StringDictionary {
  #table = new Int32Array(FIRST_SLOTS * WIDTH)
  /** By id: the strings that are not packed. */
  readonly #texts: (string | undefined)[] = []
  #nextId = 0
  readonly #freeIds: number[] = []
  #turn = 0
  #wantsGrowth = false
  /** Slots filled since {@link begin}. */
  readonly #filled: number[] = []
  // Of the string that was looked for last.
  #low = 0
  #high = 0
  #kind = 0

  /** Starts a record: what is added from here on can be taken back with {@link rollback}. */
  begin(): void {
    if (this.#filled.length > 0) {
      this.#filled.length = 0
      if (this.#wantsGrowth) this.#grow()
    }
  }

  /** Forgets what was added since {@link begin}. */
  rollback(): void {
    for (const slot of this.#filled) this.#table[slot + KIND] = NO_KIND
    this.#filled.length = 0
  }

  clear(): void {
    this.#table.fill(0)
    this.#texts.fill(undefined)
    this.#nextId = 0
    this.#freeIds.length = 0
    this.#filled.length = 0
  }

  /** The id of `text`, or -1 - set where {@link add} may put it. */
  find(text: string): number {
    const length = text.length
    if (length > PACKED_LENGTH) return this.#findByReference(text)
    let low = 0
    let high = 0
    let all = 0
    let i = length
    while (i > 4) {
      const code = text.charCodeAt(--i)
      high = (high << 8) | code
      all |= code
    }
    while (i > 0) {
      const code = text.charCodeAt(--i)
      low = (low << 8) | code
      all |= code
    }
    if (all > 0xff) return this.#findByReference(text)
    const kind = length + PACKED
    const table = this.#table
    const first = setOf(low, high, kind, table.length)
    for (let slot = first; slot < first + WAYS * WIDTH; slot += WIDTH) {
      if (table[slot] !== low || table[slot + HIGH] !== high || table[slot + KIND] !== kind)
        continue
      return table[slot + ID]! - 1
    }
    this.#low = low
    this.#high = high
    this.#kind = kind
    return -1 - first
  }

  #findByReference(text: string): number {
    const low = hashOf(text)
    const kind = text.length | BY_REFERENCE
    const table = this.#table
    const first = setOf(low, 0, kind, table.length)
    for (let slot = first; slot < first + WAYS * WIDTH; slot += WIDTH) {
      if (table[slot] !== low || table[slot + KIND] !== kind) continue
      const id = table[slot + ID]! - 1
      if (this.#texts[id] === text) return id
    }
    this.#low = low
    this.#high = 0
    this.#kind = kind
    return -1 - first
  }

  /** Adds the string that {@link find} was called with last and did not find, and gives it an id. */
  add(first: number, text: string): number {
    const table = this.#table
    const end = first + WAYS * WIDTH
    let slot = first
    while (slot < end && table[slot + ID] !== 0 && table[slot + KIND] !== NO_KIND) slot += WIDTH
    if (slot === end) {
      if (table.length < MAX_DICTIONARY_ENTRIES * WIDTH) this.#wantsGrowth = true
      slot = first + (this.#turn++ & (WAYS - 1)) * WIDTH
    }
    table[slot + LOW] = this.#low
    table[slot + HIGH] = this.#high
    table[slot + KIND] = this.#kind
    // An id stays with its slot.
    if (table[slot + ID] === 0) table[slot + ID] = this.#freeIds.pop() ?? ++this.#nextId
    this.#filled.push(slot)
    const id = table[slot + ID]! - 1
    this.#keep(id, this.#kind >= BY_REFERENCE ? text : undefined)
    return id
  }

  #keep(id: number, text: string | undefined): void {
    const texts = this.#texts
    if (text === undefined && id >= texts.length) return
    while (texts.length <= id) texts.push(undefined)
    // A slice would keep the whole line alive that it was cut from.
    texts[id] =
      text === undefined || text.length < 13
        ? text
        : Buffer.from(text, 'utf16le').toString('utf16le')
  }

  #grow(): void {
    this.#wantsGrowth = false
    const before = this.#table
    const table = new Int32Array(before.length * 4)
    this.#table = table
    for (let from = 0; from < before.length; from += WIDTH) {
      const id = before[from + ID]!
      if (id === 0) continue
      if (before[from + KIND] === NO_KIND) {
        this.#freeIds.push(id)
        continue
      }
      let slot = setOf(before[from]!, before[from + HIGH]!, before[from + KIND]!, table.length)
      // The set of a string comes from one set of a quarter of the size: there is room.
      while (table[slot + ID] !== 0) slot += WIDTH
      table.set(before.subarray(from, from + WIDTH), slot)
    }
  }
}

/** Where the set of a string begins, in a table of this length. */
function setOf(low: number, high: number, kind: number, length: number): number {
  let hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high ^ kind, 0x85ebca6b)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) & (length - 1) & -(WAYS * WIDTH)
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
  return hash | 0
}
