import { fileURLToPath } from 'node:url'
import { Configuration, type LogFields, type Logger } from '@flink-ts/core'
import { ClusterSecret, loadInternalTls, type TransportSecurity } from '@flink-ts/core/security'

/** Keys made for tests; see the README there. */
export const TLS_FIXTURES = fileURLToPath(
  new URL('../../../core/test/fixtures/tls/', import.meta.url),
)

export const SECRET = ClusterSecret.fromText('0123456789abcdef'.repeat(4), 'a test')

/** With TLS, by the key `owner` and trusting the certificate `cluster`. */
export function tlsSecurity(
  owner: 'cluster.pem' | 'stranger.pem' | 'cluster.p12',
  more: Record<string, string> = {},
): TransportSecurity {
  const configuration = Configuration.fromMap({
    'security.ssl.internal.enabled': 'true',
    'security.ssl.internal.keystore': `${TLS_FIXTURES}${owner}`,
    ...(owner === 'cluster.p12' ? { 'security.ssl.internal.keystore-password': 'changeit' } : {}),
    'security.ssl.internal.truststore': `${TLS_FIXTURES}cluster.crt`,
    ...more,
  })
  return { secret: SECRET, tls: loadInternalTls(configuration) }
}

/** A logger that remembers its warnings. */
export function recordingLogger(): {
  log: Logger
  warnings: Array<LogFields & { message: string }>
} {
  const warnings: Array<LogFields & { message: string }> = []
  const log: Logger = {
    error: (message, fields) => warnings.push({ message, ...fields }),
    warn: (message, fields) => warnings.push({ message, ...fields }),
    info: () => {},
    debug: () => {},
    child: () => log,
  }
  return { log, warnings }
}
