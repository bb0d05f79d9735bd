import {
  hashKey,
  KeyNotSupportedError,
  keyGroupFor,
  operatorIndexForKeyGroup,
  type Random,
} from '@flink-ts/core'
import {
  broadcastSelector,
  type ChannelSelector,
  firstChannelSelector,
  functionSelector,
  roundRobinSelector,
  shuffleSelector,
} from '@flink-ts/network'
import type { JobEdge } from '../jobgraph/job-graph.js'
import { OperatorCodeError } from '../operators/operator-code-error.js'
import type { EdgeFunctions } from '../operators/stream-operator.js'

/** How records of an edge find their channel. */
export function channelSelectorForEdge(
  edge: JobEdge,
  code: EdgeFunctions | undefined,
  options: {
    numberOfChannels: number
    targetMaxParallelism: number
    random: Random
    /** Whose keys they are; for messages. */
    operatorName?: string
  },
): ChannelSelector {
  const { numberOfChannels, targetMaxParallelism, random, operatorName = edge.id } = options
  switch (edge.partitioner) {
    case 'FORWARD':
    case 'GLOBAL':
      return firstChannelSelector()
    case 'REBALANCE':
      return roundRobinSelector(numberOfChannels, random)
    case 'RESCALE':
      return roundRobinSelector(numberOfChannels)
    case 'SHUFFLE':
      return shuffleSelector(numberOfChannels, random)
    case 'BROADCAST':
      return broadcastSelector()
    case 'HASH': {
      const key = required(code?.keySelector, edge, 'key selector')
      const hashOf = (keyOfRecord: unknown) => {
        try {
          return hashKey(keyOfRecord)
        } catch (error) {
          throw error instanceof KeyNotSupportedError ? error.of(operatorName) : error
        }
      }
      // All key groups belong to the one subtask: no need to know which. What can be no key is refused all the same.
      if (numberOfChannels === 1) {
        return functionSelector((record: unknown) => {
          const keyOfRecord = key(record)
          const type = typeof keyOfRecord
          if (type !== 'string' && type !== 'number') hashOf(keyOfRecord)
          return 0
        })
      }
      const channels = Uint16Array.from({ length: targetMaxParallelism }, (_, keyGroup) =>
        operatorIndexForKeyGroup(targetMaxParallelism, numberOfChannels, keyGroup),
      )
      return functionSelector((record: unknown) => {
        const hash = hashOf(key(record))
        return channels[keyGroupFor(hash, targetMaxParallelism)]!
      })
    }
    case 'CUSTOM': {
      const partition = required(code?.partition, edge, 'partitioner')
      const key = code?.keySelector ?? ((record: unknown) => record)
      return functionSelector((record: unknown) => partition(key(record), numberOfChannels))
    }
  }
}

function required<F>(code: F | undefined, edge: JobEdge, what: string): F {
  if (code !== undefined) return code
  throw new OperatorCodeError(
    `No ${what} for the ${edge.partitioner} edge ${edge.id}: the program that the task ran did not make this edge`,
    { operatorName: edge.id },
  )
}
