export { keyedSnapshotContract } from './keyed-snapshot-contract.js'
export {
  type KeyedBackendPromise,
  type KeyedBackendUnderTest,
  keyedStateBackendContract,
} from './keyed-state-backend-contract.js'
export { SnapshotStorage } from './snapshot-storage.js'
