import type { SecureContextOptions } from 'node:tls'
import type { Configuration } from '../configuration/configuration.js'
import { SecurityOptions } from '../configuration/options/security-options.js'
import { tlsCiphers, tlsMinVersion } from './tls-parameters.js'
import { type TlsStoreOptions, TlsStores } from './tls-stores.js'

/** With what a client speaks TLS to servers that are not of the cluster. May contain a private key. */
export type ClientTls = Pick<
  SecureContextOptions,
  'key' | 'cert' | 'passphrase' | 'minVersion' | 'ciphers'
> & {
  /** Absent: the authorities that Node.js knows. */
  readonly ca?: string[]
}

/**
 * Reads the stores that `options` name, neither of which need be named.
 *
 * @throws FlinkError FLINK_TLS_CONFIGURATION naming key and file, and saying what would be right
 */
export function loadClientTls(configuration: Configuration, options: TlsStoreOptions): ClientTls {
  const stores = new TlsStores(configuration, options)
  const ca = stores.authorities()
  const material: ClientTls = {
    ...stores.identity(),
    ...(ca === undefined ? {} : { ca }),
    minVersion: tlsMinVersion(configuration.get(SecurityOptions.SSL_PROTOCOL)),
    ciphers: tlsCiphers(configuration.getOptional(SecurityOptions.SSL_ALGORITHMS)),
  }
  stores.check(material)
  return material
}
