import { getCiphers, type SecureVersion } from 'node:tls'
import { SecurityOptions as Options } from '../configuration/options/security-options.js'
import { FlinkError } from '../errors/flink-error.js'

const TLS_1_3 = ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256']

/** @throws FlinkError FLINK_TLS_CONFIGURATION for what is no safe version */
export function tlsMinVersion(text: string): SecureVersion {
  const version = text.trim()
  if (version === 'TLSv1.2' || version === 'TLSv1.3') return version
  throw new FlinkError(
    `'${Options.SSL_PROTOCOL.key}' cannot be ${version}: expected TLSv1.2 or TLSv1.3, the lowest version that is spoken`,
    { code: 'FLINK_TLS_CONFIGURATION' },
  )
}

/**
 * OpenSSL's names of the suites of `security.ssl.algorithms`; the default ones if `text` is undefined.
 *
 * @throws FlinkError FLINK_TLS_CONFIGURATION for a suite that this Node does not know
 */
export function tlsCiphers(text: string | undefined): string {
  const names = (text ?? Options.SSL_ALGORITHMS.defaultValue)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (text === undefined) names.push(...names.map((name) => name.replace('_RSA_', '_ECDSA_')))
  const known = new Set(getCiphers())
  const ciphers = names.map((name) => {
    const cipher = openSslName(name)
    if (known.has(cipher.toLowerCase())) return cipher
    throw new FlinkError(
      `'${Options.SSL_ALGORITHMS.key}' names '${name}', which this Node does not know; one it knows is ${TLS_1_3[0]}`,
      { code: 'FLINK_TLS_CONFIGURATION' },
    )
  })
  const has13 = ciphers.some((cipher) => cipher.startsWith('TLS_'))
  return [...ciphers, ...(has13 ? [] : TLS_1_3)].join(':')
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` is `ECDHE-RSA-AES128-GCM-SHA256`; suites of TLS 1.3 keep their names. */
function openSslName(name: string): string {
  if (!name.includes('_WITH_')) return name
  return name
    .replace(/^TLS_/, '')
    .replace('_WITH_', '_')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace(/^RSA_(?=AES)/, '')
    .replace(/_CBC(?=_SHA)/, '')
    .replaceAll('_', '-')
    .replace(/CHACHA20-POLY1305-SHA256$/, 'CHACHA20-POLY1305')
}
