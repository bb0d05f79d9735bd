import { ConfigOptions } from '../config-options.js'

/** Encryption and authentication. */
export const SecurityOptions = {
  SSL_INTERNAL_ENABLED: ConfigOptions.key('security.ssl.internal.enabled')
    .booleanType()
    .defaultValue(false)
    .withDescription('Mutual TLS between the processes of a cluster.'),
  SSL_REST_ENABLED: ConfigOptions.key('security.ssl.rest.enabled')
    .booleanType()
    .defaultValue(false)
    .withDescription('TLS for the REST endpoint.'),
} as const
