import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ConfigOption } from '../configuration/config-option.js'
import type { Configuration } from '../configuration/configuration.js'
import { SecurityOptions as Options } from '../configuration/options/security-options.js'
import { FlinkError } from '../errors/flink-error.js'
import { ObsoleteEncryptionError, pkcs12Certificates } from './pkcs12-certificates.js'
import type { TlsMaterial } from './tls-material.js'
import { tlsCiphers, tlsMinVersion } from './tls-parameters.js'

const JKS_MAGIC = 0xfeedfeed
const JCEKS_MAGIC = 0xcececece

/**
 * Reads what `security.ssl.internal.*` names.
 *
 * @returns undefined if internal TLS is not enabled
 * @throws FlinkError FLINK_TLS_CONFIGURATION naming key and file, and saying what would be right
 */
export function loadInternalTls(configuration: Configuration): TlsMaterial | undefined {
  if (!configuration.get(Options.SSL_INTERNAL_ENABLED)) return undefined
  const keystore = readStore(configuration, Options.SSL_INTERNAL_KEYSTORE)
  const truststore = readStore(configuration, Options.SSL_INTERNAL_TRUSTSTORE)
  const fingerprint = fingerprintOf(configuration.get(Options.SSL_INTERNAL_CERT_FINGERPRINT))
  const material: TlsMaterial = {
    ...keyOf(configuration, keystore),
    ca: certificatesOf(
      truststore,
      configuration.get(Options.SSL_INTERNAL_TRUSTSTORE_PASSWORD) ?? '',
      Options.SSL_INTERNAL_TRUSTSTORE_PASSWORD.key,
    ),
    minVersion: tlsMinVersion(configuration.get(Options.SSL_PROTOCOL)),
    ciphers: tlsCiphers(configuration.getOptional(Options.SSL_ALGORITHMS)),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  }
  try {
    // What does not fit together is told at the start, not by the first connection.
    createSecureContext(material)
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException
    const remedy = /mac verify|bad decrypt|BAD_DECRYPT|INTERRUPTED|passphrase/i.test(
      `${message} ${code}`,
    )
      ? 'the password is wrong or missing'
      : /unsupported/i.test(message)
        ? `its encryption is obsolete; ${convertPkcs12(keystore.path)}`
        : 'private key and certificate must be there and belong together'
    throw refused(
      `Cannot use ${keystore.key}, file ${keystore.path}: ${message} (${remedy})`,
      cause,
    )
  }
  return material
}

interface Store {
  readonly key: string
  readonly path: string
  readonly bytes: Buffer
  readonly format: 'pem' | 'pkcs12'
}

function readStore(configuration: Configuration, option: ConfigOption<string>): Store {
  const path = configuration.get(option)
  if (path === undefined) {
    throw refused(
      `'${Options.SSL_INTERNAL_ENABLED.key}' is true, so '${option.key}' must name a file (PEM or PKCS12)`,
    )
  }
  const key = configuration.keyInUse(option) ?? option.key
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw refused(`Cannot read the file of ${key}: ${(cause as Error).message}`, cause)
  }
  const magic = bytes.length < 4 ? 0 : bytes.readUInt32BE(0)
  if (magic === JKS_MAGIC || magic === JCEKS_MAGIC) {
    const format = magic === JKS_MAGIC ? 'JKS' : 'JCEKS'
    throw refused(
      `The file of ${key}, ${path}, is a Java keystore (${format}), which only Java reads; convert it with\n` +
        `  keytool -importkeystore -srckeystore ${path} -srcstoretype ${format} -destkeystore ${path}.p12 -deststoretype PKCS12\n` +
        `and set ${key} to ${path}.p12`,
    )
  }
  if (bytes.includes('-----BEGIN ')) return { key, path, bytes, format: 'pem' }
  if (bytes[0] === 0x30) return { key, path, bytes, format: 'pkcs12' }
  throw refused(`The file of ${key}, ${path}, is neither PEM nor PKCS12`)
}

function keyOf(configuration: Configuration, store: Store) {
  const storePassword = configuration.get(Options.SSL_INTERNAL_KEYSTORE_PASSWORD)
  const keyPassword = configuration.get(Options.SSL_INTERNAL_KEY_PASSWORD)
  if (store.format === 'pkcs12') {
    return { pfx: store.bytes, passphrase: storePassword ?? keyPassword ?? '' }
  }
  const passphrase = keyPassword ?? storePassword
  return {
    key: store.bytes,
    cert: store.bytes,
    ...(passphrase === undefined ? {} : { passphrase }),
  }
}

function certificatesOf(store: Store, password: string, passwordKey: string): string[] {
  try {
    const found =
      store.format === 'pem'
        ? (store.bytes
            .toString('latin1')
            .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])
        : pkcs12Certificates(store.bytes, password)
    if (found.length === 0) throw new Error('it holds no certificate')
    return found.map((certificate) => new X509Certificate(certificate).toString())
  } catch (cause) {
    const remedy =
      cause instanceof ObsoleteEncryptionError
        ? `; ${convertPkcs12(store.path)}`
        : store.format === 'pkcs12'
          ? `; is ${passwordKey} right?`
          : ''
    throw refused(
      `Cannot use the file of ${store.key}, ${store.path}: ${(cause as Error).message}${remedy}`,
      cause,
    )
  }
}

function convertPkcs12(path: string): string {
  return (
    `convert it with "keytool -importkeystore -srckeystore ${path} -srcstoretype PKCS12 ` +
    `-destkeystore ${path}.new -deststoretype PKCS12" of a current JDK`
  )
}

function fingerprintOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const hex = text.replace(/[:\s]/g, '').toUpperCase()
  if (/^[0-9A-F]+$/.test(hex) && (hex.length === 40 || hex.length === 64)) return hex
  throw refused(
    `'${Options.SSL_INTERNAL_CERT_FINGERPRINT.key}' is no fingerprint: a SHA-1 has 40 hex digits, a SHA-256 has 64`,
  )
}

function refused(message: string, cause?: unknown): FlinkError {
  return new FlinkError(message, { code: 'FLINK_TLS_CONFIGURATION', cause })
}
