/**
 * What the job of the fault run writes, for the job itself and for its checker. It counts the elements 0 … count - 1 by
 * key, and sets timers. No row depends on the order in which elements arrive, but for which of a key's elements is the
 * how-manieth; all together are the same in every run that loses and repeats nothing.
 */
export interface JobSize {
  /** Elements. */
  readonly count: number
  /** Element i has the key `k<i modulo keys>`. */
  readonly keys: number
}

/** Of each so many elements one sets a timer of processing time; they fire together, once per key. */
export const PROCESSING_TIMER_EVERY = 7
/** Of each so many elements one sets a timer of event time, at its own number. */
export const EVENT_TIMER_EVERY = 5

/** The key of an element. */
export function keyOf(element: number, { keys }: JobSize): string {
  return `k${element % keys}`
}

/** How many elements have key number `key`. */
export function elementsOf(key: number, { count, keys }: JobSize): number {
  return Math.max(0, Math.ceil((count - key) / keys))
}

/** An element, and that it is the `nth` of its key, from 1 on. */
export function elementRow(key: string, nth: number, element: number): string {
  return `e,${key},${nth},${element}`
}

/** A timer of processing time has fired for an element. */
export function processingTimerRow(key: string, element: number): string {
  return `p,${key},${element}`
}

/** A timer of event time has fired for an element. */
export function eventTimerRow(key: string, element: number): string {
  return `v,${key},${element}`
}
