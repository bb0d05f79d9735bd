import { ConfigOptions } from '../config-options.js'

/** Encryption and authentication. */
export const SecurityOptions = {
  CLUSTER_SECRET_FILE: ConfigOptions.key('security.cluster.secret-file')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'File with the secret that all processes of a cluster share, readable by its owner only; otherwise `cluster-secret` in the folder of the configuration, made by whoever starts first.',
    ),
  REST_AUTHENTICATION_ENABLED: ConfigOptions.key('security.rest.authentication.enabled')
    .booleanType()
    .defaultValue(false)
    .withDescription(
      'Whether REST requests must prove that they know the secret of the cluster. Clients with the same key and secret file do so; without the key they do so towards servers that have proved to know it, too. Clusters on YARN always ask for it, those on Mesos unless this is false.',
    ),
  SSL_PROTOCOL: ConfigOptions.key('security.ssl.protocol')
    .stringType()
    .defaultValue('TLSv1.2')
    .withDescription('Lowest version of TLS that is spoken: `TLSv1.2` or `TLSv1.3`.'),
  SSL_ALGORITHMS: ConfigOptions.key('security.ssl.algorithms')
    .stringType()
    .defaultValue('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384')
    .withDescription(
      'Cipher suites by their standard names, separated by commas. Unless set, those for ECDSA certificates are added; those of TLS 1.3 always are, unless the list names some.',
    ),
  SSL_INTERNAL_ENABLED: ConfigOptions.key('security.ssl.internal.enabled')
    .booleanType()
    .defaultValue(false)
    .withDeprecatedKeys('security.ssl.enabled')
    .withDescription('Mutual TLS between the processes of a cluster: RPC, data, BLOBs.'),
  SSL_INTERNAL_KEYSTORE: ConfigOptions.key('security.ssl.internal.keystore')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('security.ssl.keystore')
    .withDescription('Private key and certificate of the processes of a cluster: PEM or PKCS12.'),
  SSL_INTERNAL_KEYSTORE_PASSWORD: ConfigOptions.key('security.ssl.internal.keystore-password')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('security.ssl.keystore-password')
    .withDescription('Password of the keystore; none for PEM.'),
  SSL_INTERNAL_KEY_PASSWORD: ConfigOptions.key('security.ssl.internal.key-password')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('security.ssl.key-password')
    .withDescription(
      'Password of the private key in a PEM keystore, if it has one. In PKCS12 it is that of the keystore.',
    ),
  SSL_INTERNAL_TRUSTSTORE: ConfigOptions.key('security.ssl.internal.truststore')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('security.ssl.truststore')
    .withDescription('Certificates that the processes of a cluster trust: PEM or PKCS12.'),
  SSL_INTERNAL_TRUSTSTORE_PASSWORD: ConfigOptions.key('security.ssl.internal.truststore-password')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('security.ssl.truststore-password')
    .withDescription('Password of the truststore; none for PEM.'),
  SSL_INTERNAL_CERT_FINGERPRINT: ConfigOptions.key('security.ssl.internal.cert.fingerprint')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'SHA-1 or SHA-256 fingerprint, in hex with or without colons, that the certificate of a peer must have.',
    ),
  SSL_INTERNAL_HANDSHAKE_TIMEOUT: ConfigOptions.key('security.ssl.internal.handshake-timeout')
    .intType({ min: -1 })
    .defaultValue(-1)
    .withDescription(
      'Milliseconds that a peer may take to prove who it is, with or without TLS; -1: as `pekko.lookup.timeout` says.',
    ),
  DATA_SSL_ENABLED: ConfigOptions.key('taskmanager.data.ssl.enabled')
    .booleanType()
    .defaultValue(true)
    .withDescription('TLS for the data between TaskManagers, if internal TLS is enabled at all.'),
  SSL_REST_ENABLED: ConfigOptions.key('security.ssl.rest.enabled')
    .booleanType()
    .defaultValue(false)
    .withDescription('TLS for the REST endpoint.'),
} as const
