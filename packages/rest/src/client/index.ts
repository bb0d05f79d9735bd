export { accumulatorSnapshots } from './accumulator-snapshots.js'
export { RestClientError, RestConnectionError, RestUnauthorizedError } from './rest-client-error.js'
export { RestClusterClient } from './rest-cluster-client.js'
export type { LeaderChanges, RestLeaderLookup } from './rest-leader-lookup.js'
export type { RestClusterClientOptions } from './rest-transport.js'
export {
  type OperationPatience,
  OperationTimeoutError,
  TriggeredOperationError,
} from './triggered-operation.js'
