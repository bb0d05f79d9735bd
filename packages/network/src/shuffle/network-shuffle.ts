import { ShuffleEnvironment } from '../environment/shuffle-environment.js'
import type { ShuffleMaster, ShuffleServiceFactory } from './shuffle-service.js'

/** Partitions are in the TaskManagers that their producers run on: there is nothing to remember. */
export const networkShuffleMaster: ShuffleMaster = {
  registerJob() {},
  unregisterJob() {},
  registerPartition(_jobId, { partitionId }, { resourceId, host, dataPort }) {
    return { partitionId, location: { resourceId, host, dataPort } }
  },
  releasePartitions() {},
  async close() {},
}

/** The network of this package, which is used unless another one is configured. */
export const networkShuffleService: ShuffleServiceFactory = {
  createShuffleMaster: async () => networkShuffleMaster,
  createShuffleEnvironment: (context) => ShuffleEnvironment.start(context),
}
