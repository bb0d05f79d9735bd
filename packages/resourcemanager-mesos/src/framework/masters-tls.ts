import { type Configuration, MesosOptions } from '@flink-ts/core'
import { loadClientTls } from '@flink-ts/core/security'
import type { MesosSchedulerOptions } from '@flink-ts/mesos-client'

const STORES = {
  keystore: MesosOptions.MASTER_SSL_KEYSTORE,
  keystorePassword: MesosOptions.MASTER_SSL_KEYSTORE_PASSWORD,
  keyPassword: MesosOptions.MASTER_SSL_KEY_PASSWORD,
  truststore: MesosOptions.MASTER_SSL_TRUSTSTORE,
  truststorePassword: MesosOptions.MASTER_SSL_TRUSTSTORE_PASSWORD,
}

/** Masters that are named with their scheme, or in a file, which may do so. */
const MAY_BE_TLS = /https:\/\/|^\s*file:/i

/**
 * How masters are reached that are named without a scheme, and by TLS. Where no TLS is wanted `security.ssl.*` is not looked at.
 *
 * @throws FlinkError FLINK_TLS_CONFIGURATION for a file that cannot be used
 */
export function mastersTls(
  configuration: Configuration,
): Required<Pick<MesosSchedulerOptions, 'tls' | 'scheme'>> {
  const hasStores =
    configuration.contains(STORES.keystore) || configuration.contains(STORES.truststore)
  const isTls = configuration.getOptional(MesosOptions.MASTER_SSL_ENABLED) ?? hasStores
  const verifyHostname = configuration.get(MesosOptions.MASTER_SSL_VERIFY_HOSTNAME)
  const mayBeTls =
    isTls || hasStores || MAY_BE_TLS.test(configuration.get(MesosOptions.MASTER_URL) ?? '')
  return {
    tls: { ...(mayBeTls ? loadClientTls(configuration, STORES) : {}), verifyHostname },
    scheme: isTls ? 'https' : 'http',
  }
}
