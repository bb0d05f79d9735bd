import { compareBytes } from './bytes.js'

/** Fewer are sorted by comparing them. */
const FEW = 16
/** Of what two keys differ in, the bytes that go into a number with the place of the key: 40 bits and 13 make a safe integer. */
const HEAD_BYTES = 5
const MOST = 1 << 13

/** Where the bytes are that things are sorted by. */
export interface SortedBytes {
  readonly bytes: Buffer
  startOf(thing: number): number
  lengthOf(thing: number): number
}

/**
 * Sorts things by their bytes. Most keys of a key group differ in a few bytes behind what all have in common: these become numbers, which the
 * platform sorts by itself; to compare the bytes of keys that lie all over the memory took most of the time of writing a table.
 */
export function sortByBytes(things: Int32Array, keys: SortedBytes): void {
  const { bytes } = keys
  const compare = (a: number, b: number) => {
    const [startA, startB] = [keys.startOf(a), keys.startOf(b)]
    return compareBytes(bytes, startA, keys.lengthOf(a), bytes, startB, keys.lengthOf(b))
  }
  if (things.length < FEW || things.length > MOST) {
    things.sort(compare)
    return
  }
  const heads = headsOf(things, keys)
  heads.sort()
  const unsorted = things.slice()
  for (let i = 0; i < heads.length; i++) things[i] = unsorted[heads[i]! % MOST]!
  // Those whose heads are the same.
  for (let start = 0, end = 1; start < things.length; start = end++) {
    const head = Math.floor(heads[start]! / MOST)
    while (end < things.length && Math.floor(heads[end]! / MOST) === head) end++
    if (end - start > 1) things.subarray(start, end).sort(compare)
  }
}

/** Of each thing: the bytes behind what all have in common, and its place. */
function headsOf(things: Int32Array, keys: SortedBytes): Float64Array {
  const { bytes } = keys
  const common = commonLength(things, keys)
  const heads = new Float64Array(things.length)
  for (let i = 0; i < things.length; i++) {
    const start = keys.startOf(things[i]!)
    const end = start + keys.lengthOf(things[i]!)
    let head = 0
    for (let k = 0, at = start + common; k < HEAD_BYTES; k++, at++) {
      // A key that ends is a shorter one or has zeros there: then all of it is compared.
      head = head * 256 + (at < end ? bytes[at]! : 0)
    }
    heads[i] = head * MOST + i
  }
  return heads
}

function commonLength(things: Int32Array, keys: SortedBytes): number {
  const { bytes } = keys
  const first = keys.startOf(things[0]!)
  let common = keys.lengthOf(things[0]!)
  for (const thing of things) {
    const start = keys.startOf(thing)
    common = Math.min(common, keys.lengthOf(thing))
    let i = 0
    while (i < common && bytes[first + i] === bytes[start + i]) i++
    common = i
  }
  return common
}
