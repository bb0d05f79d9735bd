export { accumulatorSnapshots } from './accumulator-snapshots.js'
export { RestClientError, RestConnectionError } from './rest-client-error.js'
export { RestClusterClient, type RestClusterClientOptions } from './rest-cluster-client.js'
