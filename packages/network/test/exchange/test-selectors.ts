import type { SeededRandom } from '@flink-ts/core'
import {
  broadcastSelector,
  type ChannelSelector,
  firstChannelSelector,
  functionSelector,
  roundRobinSelector,
  shuffleSelector,
} from '@flink-ts/network'
import type { TestRecord } from './test-serializer.js'

/** One of each partitioner. */
export const selectors: Record<
  string,
  (n: number, random: SeededRandom) => ChannelSelector<TestRecord>
> = {
  FORWARD: () => firstChannelSelector(),
  REBALANCE: (n, random) => roundRobinSelector(n, random),
  RESCALE: (n) => roundRobinSelector(n),
  SHUFFLE: (n, random) => shuffleSelector(n, random),
  BROADCAST: () => broadcastSelector(),
  GLOBAL: () => firstChannelSelector(),
  HASH: (n) => functionSelector((record) => (record.sequence * 7) % n),
  CUSTOM: (n) => functionSelector((record) => record.payload.length % n),
}
