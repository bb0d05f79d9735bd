export { clusterRestClient } from './cluster-rest-client.js'
export { configuredSecret } from './configured-secret.js'
export { deployedClusterClient } from './deployed-cluster-client.js'
