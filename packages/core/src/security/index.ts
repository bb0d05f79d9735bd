export { ClusterSecret, type ClusterSecretHandle } from './cluster-secret.js'
export {
  clusterSecretPath,
  readClusterSecret,
  readOrCreateClusterSecret,
  writeClusterSecret,
} from './cluster-secret-file.js'
export type { ConnectionPurpose } from './handshake.js'
export { type ClientTls, loadClientTls } from './load-client-tls.js'
export { loadInternalTls } from './load-tls-material.js'
export { PeerAuthenticationError, type PeerRefusal } from './peer-authentication-error.js'
export { RefusedPeers } from './refused-peers.js'
export { proveRestServer, SERVER_PROOF_HEADERS } from './rest-server-proof.js'
export { restToken } from './rest-token.js'
export { type SecureConnectOptions, secureConnect } from './secure-connect.js'
export { SecureListener, type SecureListenerOptions } from './secure-listener.js'
export type { TlsMaterial } from './tls-material.js'
export type { TlsStoreOptions } from './tls-stores.js'
export {
  attachTransportSecurity,
  loadTransportSecurity,
  type TransportSecurity,
  type TransportSecurityHandle,
  transportSecurityHandle,
} from './transport-security.js'
