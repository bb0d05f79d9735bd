import type { ConfigOption } from '../configuration/config-option.js'
import type { Configuration } from '../configuration/configuration.js'
import { SecurityOptions as Options } from '../configuration/options/security-options.js'
import type { TlsMaterial } from './tls-material.js'
import { tlsCiphers, tlsMinVersion } from './tls-parameters.js'
import { TlsStores, tlsRefused } from './tls-stores.js'

/**
 * Reads what `security.ssl.internal.*` names.
 *
 * @returns undefined if internal TLS is not enabled
 * @throws FlinkError FLINK_TLS_CONFIGURATION naming key and file, and saying what would be right
 */
export function loadInternalTls(configuration: Configuration): TlsMaterial | undefined {
  if (!configuration.get(Options.SSL_INTERNAL_ENABLED)) return undefined
  const stores = new TlsStores(configuration, {
    keystore: Options.SSL_INTERNAL_KEYSTORE,
    keystorePassword: Options.SSL_INTERNAL_KEYSTORE_PASSWORD,
    keyPassword: Options.SSL_INTERNAL_KEY_PASSWORD,
    truststore: Options.SSL_INTERNAL_TRUSTSTORE,
    truststorePassword: Options.SSL_INTERNAL_TRUSTSTORE_PASSWORD,
  })
  const identity = stores.identity() ?? missing(Options.SSL_INTERNAL_KEYSTORE)
  const ca = stores.authorities() ?? missing(Options.SSL_INTERNAL_TRUSTSTORE)
  const fingerprint = fingerprintOf(configuration.get(Options.SSL_INTERNAL_CERT_FINGERPRINT))
  const material: TlsMaterial = {
    ...identity,
    ca,
    minVersion: tlsMinVersion(configuration.get(Options.SSL_PROTOCOL)),
    ciphers: tlsCiphers(configuration.getOptional(Options.SSL_ALGORITHMS)),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  }
  stores.check(material)
  return material
}

function missing({ key }: ConfigOption<string>): never {
  throw tlsRefused(
    `'${Options.SSL_INTERNAL_ENABLED.key}' is true, so '${key}' must name a file (PEM or PKCS12)`,
  )
}

function fingerprintOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const hex = text.replace(/[:\s]/g, '').toUpperCase()
  if (/^[0-9A-F]+$/.test(hex) && (hex.length === 40 || hex.length === 64)) return hex
  throw tlsRefused(
    `'${Options.SSL_INTERNAL_CERT_FINGERPRINT.key}' is no fingerprint: a SHA-1 has 40 hex digits, a SHA-256 has 64`,
  )
}
