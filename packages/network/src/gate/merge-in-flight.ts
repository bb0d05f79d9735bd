import type { CopiedSlot } from '../buffer/slot-copy.js'
import { DataProtocolError } from '../errors/network-errors.js'
import type { CapturedChannel } from './channel-capture.js'

/**
 * What a channel had in flight at a checkpoint, from what its two ends have stored. A slot that both have is the same; one that
 * neither has was processed before.
 *
 * @param produced by the sending end, ascending by number
 * @returns in the order of the channel; of the first, `captured.skip` elements were processed
 * @throws DataProtocolError if one is missing
 */
export function mergeInFlight(
  { from, slots }: CapturedChannel,
  produced: readonly CopiedSlot[],
): CopiedSlot[] {
  const merged = [...slots]
  const next = (merged.at(-1)?.number ?? from - 1) + 1
  merged.push(...produced.filter(({ number }) => number >= Math.max(from, next)))
  merged.forEach(({ number }, i) => {
    const before = merged[i - 1]?.number
    if (before !== undefined && number !== before + 1) {
      throw new DataProtocolError(`slot ${before + 1} of a channel was not stored, ${number} was`)
    }
  })
  const first = merged[0]?.number
  if (first !== undefined && first > from) {
    throw new DataProtocolError(`slot ${from} of a channel was not stored, ${first} was`)
  }
  return merged
}
