import type { Configuration } from '../configuration/configuration.js'
import { RpcOptions } from '../configuration/options/rpc-options.js'
import { SecurityOptions } from '../configuration/options/security-options.js'
import { FlinkError } from '../errors/flink-error.js'
import { ClusterSecret, type ClusterSecretHandle } from './cluster-secret.js'
import { readClusterSecret, readOrCreateClusterSecret } from './cluster-secret-file.js'
import { loadInternalTls } from './load-tls-material.js'
import type { TlsMaterial } from './tls-material.js'

/** How the processes of a cluster recognise and protect each other. */
export interface TransportSecurity {
  readonly secret: ClusterSecret
  /** Absent: connections are authenticated, but not encrypted. */
  readonly tls?: TlsMaterial | undefined
  /** How long a peer may take to prove who it is. Default 10 s. */
  readonly handshakeTimeoutMs?: number
}

/** Cloneable form of a {@link TransportSecurity}. Contains secret and private key. */
export interface TransportSecurityHandle {
  readonly secret: ClusterSecretHandle
  readonly tls: TlsMaterial | undefined
  readonly handshakeTimeoutMs: number | undefined
}

/**
 * Reads secret and keystores of this process.
 *
 * @param missingSecret what to do without a secret file: `create` one, or refuse
 * @param givenSecret that of the cluster, in place of the file's, for a process that has no such file
 * @throws FlinkError FLINK_CLUSTER_SECRET, FLINK_TLS_CONFIGURATION
 */
export function loadTransportSecurity(
  configuration: Configuration,
  missingSecret: 'create' | 'refuse',
  givenSecret?: ClusterSecret,
): TransportSecurity {
  const secret = givenSecret ?? secretOfFile(configuration, missingSecret)
  const timeoutMs = configuration.get(SecurityOptions.SSL_INTERNAL_HANDSHAKE_TIMEOUT)
  return {
    secret,
    tls: loadInternalTls(configuration),
    handshakeTimeoutMs: timeoutMs > 0 ? timeoutMs : configuration.get(RpcOptions.LOOKUP_TIMEOUT),
  }
}

function secretOfFile(
  configuration: Configuration,
  missingSecret: 'create' | 'refuse',
): ClusterSecret {
  const { key } = SecurityOptions.CLUSTER_SECRET_FILE
  const path = configuration.get(SecurityOptions.CLUSTER_SECRET_FILE)
  if (path === undefined) {
    throw new FlinkError(`Cannot find the cluster secret: ${key} names no file`, {
      code: 'FLINK_CLUSTER_SECRET',
    })
  }
  const secret =
    missingSecret === 'create' ? readOrCreateClusterSecret(path) : readClusterSecret(path)
  if (secret === undefined) {
    throw new FlinkError(
      `There is no cluster secret ${path}, without which the JobManager refuses this process: copy the file from the ` +
        `machine of the JobManager, with mode 0600, or set ${key}`,
      { code: 'FLINK_CLUSTER_SECRET' },
    )
  }
  return secret
}

/** For another thread of this process. */
export function transportSecurityHandle(security: TransportSecurity): TransportSecurityHandle {
  const { secret, tls, handshakeTimeoutMs } = security
  return { secret: secret.handle(), tls, handshakeTimeoutMs }
}

export function attachTransportSecurity(handle: TransportSecurityHandle): TransportSecurity {
  const { secret, tls, handshakeTimeoutMs } = handle
  return {
    secret: ClusterSecret.attach(secret),
    tls,
    ...(handshakeTimeoutMs === undefined ? {} : { handshakeTimeoutMs }),
  }
}
