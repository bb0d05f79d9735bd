export { clusterRestClient } from './cluster-rest-client.js'
