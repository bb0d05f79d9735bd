import type { Random } from '@flink-ts/core'

/** Chooses the subpartition of each record. One per writer: it may count. */
export interface ChannelSelector<T = unknown> {
  /** Every record goes to all subpartitions; `select` is not called. */
  readonly isBroadcast: boolean
  /** @returns 0 ≤ index < number of subpartitions */
  select(record: T): number
}

/** FORWARD and GLOBAL: always the first subpartition. */
export function firstChannelSelector(): ChannelSelector {
  return { isBroadcast: false, select: () => 0 }
}

/** REBALANCE (random start) and RESCALE (start 0 among the producer's own consumers): in turn. */
export function roundRobinSelector(numberOfChannels: number, random?: Random): ChannelSelector {
  let next = random === undefined ? 0 : random.nextInt(numberOfChannels)
  return {
    isBroadcast: false,
    select() {
      const channel = next
      next = channel + 1 === numberOfChannels ? 0 : channel + 1
      return channel
    },
  }
}

/** SHUFFLE: by chance. */
export function shuffleSelector(numberOfChannels: number, random: Random): ChannelSelector {
  return { isBroadcast: false, select: () => random.nextInt(numberOfChannels) }
}

/** BROADCAST: all. */
export function broadcastSelector(): ChannelSelector {
  return {
    isBroadcast: true,
    select() {
      throw new Error('a broadcast record goes to every channel')
    },
  }
}

/**
 * HASH and CUSTOM: what `channelOf` says.
 *
 * @param channelOf for HASH: key of the record → key group → subpartition of the group's owner, by
 *   the formulas of `@flink-ts/core`
 */
export function functionSelector<T>(channelOf: (record: T) => number): ChannelSelector<T> {
  return { isBroadcast: false, select: channelOf }
}
