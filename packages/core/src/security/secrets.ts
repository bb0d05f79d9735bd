// What clients need of a secret, without the connections of daemons: commands load it each time they run.
export { ClusterSecret } from './cluster-secret.js'
export { clusterSecretPath, readClusterSecret } from './cluster-secret-file.js'
export {
  isRestServerProven,
  proveRestServer,
  SERVER_PROOF_HEADERS,
} from './rest-server-proof.js'
export { restToken } from './rest-token.js'
