import assert from 'node:assert/strict'

/** Key groups that a job has at least when its max parallelism is derived. */
export const DEFAULT_LOWER_BOUND_MAX_PARALLELISM = 128
/** Key groups that a job can have at most. */
export const UPPER_BOUND_MAX_PARALLELISM = 32768

/** Key groups `start` to `end`, both included; empty when `end` is less than `start`. */
export interface KeyGroupRange {
  readonly start: number
  readonly end: number
}

/**
 * The key group of a key with this hash ({@link hashKey}), below `maxParallelism`: Flink's
 * murmur of the hash, its absolute value, modulo.
 */
export function keyGroupFor(hash: number, maxParallelism: number): number {
  return murmurOfHash(hash) % maxParallelism
}

function murmurOfHash(code: number): number {
  let h = Math.imul(code, 0xcc9e2d51)
  h = Math.imul((h << 15) | (h >>> 17), 0x1b873593)
  h = (h << 13) | (h >>> 19)
  h = (Math.imul(h, 5) + 0xe6546b64) | 0
  h ^= 4
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h ^= h >>> 16
  // The lowest int has no positive counterpart and counts as 0.
  return h >= 0 ? h : h === -0x80000000 ? 0 : -h
}

/** The subtask that owns a key group. */
export function operatorIndexForKeyGroup(
  maxParallelism: number,
  parallelism: number,
  keyGroup: number,
): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism)
}

/** The key groups that subtask `operatorIndex` of `parallelism` owns: every group has one owner. */
export function keyGroupRangeForOperator(
  maxParallelism: number,
  parallelism: number,
  operatorIndex: number,
): KeyGroupRange {
  assert(
    parallelism >= 1 && parallelism <= maxParallelism,
    `parallelism ${parallelism} is from 1 to the max parallelism ${maxParallelism}`,
  )
  assert(
    operatorIndex >= 0 && operatorIndex < parallelism,
    `subtask ${operatorIndex} is below the parallelism ${parallelism}`,
  )
  const start = Math.floor((operatorIndex * maxParallelism + parallelism - 1) / parallelism)
  const end = Math.floor(((operatorIndex + 1) * maxParallelism - 1) / parallelism)
  return { start, end }
}

/** Max parallelism of an operator that was given none: room to grow to at least 1.5 times. */
export function computeDefaultMaxParallelism(parallelism: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(parallelism + Math.floor(parallelism / 2)))
  return Math.min(
    Math.max(wanted, DEFAULT_LOWER_BOUND_MAX_PARALLELISM),
    UPPER_BOUND_MAX_PARALLELISM,
  )
}
