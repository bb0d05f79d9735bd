import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { ConfigOption } from '../configuration/config-option.js'
import type { Configuration } from '../configuration/configuration.js'
import { FlinkError } from '../errors/flink-error.js'
import { ObsoleteEncryptionError, pkcs12Certificates } from './pkcs12-certificates.js'
import { pkcs12Identity } from './pkcs12-identity.js'

const JKS_MAGIC = 0xfeedfeed
const JCEKS_MAGIC = 0xcececece

/** The options that name the files of one use of TLS. */
export interface TlsStoreOptions {
  readonly keystore: ConfigOption<string>
  readonly keystorePassword: ConfigOption<string>
  readonly keyPassword: ConfigOption<string>
  readonly truststore: ConfigOption<string>
  readonly truststorePassword: ConfigOption<string>
}

type Identity = Pick<SecureContextOptions, 'key' | 'cert' | 'passphrase'>

/** The files, PEM or PKCS12, that some keys of a configuration name. Everything throws FlinkError FLINK_TLS_CONFIGURATION. */
export class TlsStores {
  readonly #configuration: Configuration
  readonly #options: TlsStoreOptions
  #identityFormat: Store['format'] | undefined

  constructor(configuration: Configuration, options: TlsStoreOptions) {
    this.#configuration = configuration
    this.#options = options
  }

  /** Private key and certificate; undefined if none are named. */
  identity(): Identity | undefined {
    const store = this.#read(this.#options.keystore)
    if (store === undefined) return undefined
    this.#identityFormat = store.format
    const storePassword = this.#configuration.get(this.#options.keystorePassword)
    const keyPassword = this.#configuration.get(this.#options.keyPassword)
    if (store.format === 'pkcs12') {
      return this.#pkcs12Identity(store, storePassword ?? keyPassword ?? '')
    }
    const passphrase = keyPassword ?? storePassword
    return {
      key: store.bytes,
      cert: store.bytes,
      ...(passphrase === undefined ? {} : { passphrase }),
    }
  }

  /** Whom to trust; undefined if nobody is named. */
  authorities(): string[] | undefined {
    const store = this.#read(this.#options.truststore)
    if (store === undefined) return undefined
    const { key: passwordKey } = this.#options.truststorePassword
    const password = this.#configuration.get(this.#options.truststorePassword) ?? ''
    try {
      const found =
        store.format === 'pem' ? pemCertificates(store) : pkcs12Certificates(store.bytes, password)
      if (found.length === 0) throw new Error('it holds no certificate')
      return found.map((certificate) => new X509Certificate(certificate).toString())
    } catch (cause) {
      const remedy =
        cause instanceof ObsoleteEncryptionError
          ? `; ${convertPkcs12(store.path)}`
          : store.format === 'pkcs12'
            ? `; is ${passwordKey} right?`
            : ''
      throw tlsRefused(
        `Cannot use the file of ${store.key}, ${store.path}: ${(cause as Error).message}${remedy}`,
        cause,
      )
    }
  }

  /** What does not fit together is told at the start, not by the first connection. */
  check(material: SecureContextOptions): void {
    try {
      createSecureContext(material)
    } catch (cause) {
      const { message, code } = cause as NodeJS.ErrnoException
      const path = this.#configuration.get(this.#options.keystore) ?? ''
      const remedy = /mac verify|bad decrypt|BAD_DECRYPT|INTERRUPTED|passphrase/i.test(
        `${message} ${code}`,
      )
        ? 'the password is wrong or missing'
        : /unsupported/i.test(message) && this.#identityFormat === 'pkcs12'
          ? `its encryption is obsolete; ${convertPkcs12(path)}`
          : 'private key and certificate must be there and belong together'
      const key = this.#keyOf(this.#options.keystore)
      throw tlsRefused(`Cannot use ${key}, file ${path}: ${message} (${remedy})`, cause)
    }
  }

  #pkcs12Identity(store: Store, passphrase: string): Identity {
    // Looks at its checksum, too.
    this.check({ pfx: store.bytes, passphrase })
    try {
      return pkcs12Identity(store.bytes, passphrase)
    } catch (cause) {
      const remedy =
        cause instanceof ObsoleteEncryptionError ? `; ${convertPkcs12(store.path)}` : ''
      throw tlsRefused(
        `Cannot use the file of ${store.key}, ${store.path}: ${(cause as Error).message}${remedy}`,
        cause,
      )
    }
  }

  #read(option: ConfigOption<string>): Store | undefined {
    const path = this.#configuration.get(option)
    return path === undefined ? undefined : readStore(this.#keyOf(option), path)
  }

  #keyOf(option: ConfigOption<string>): string {
    return this.#configuration.keyInUse(option) ?? option.key
  }
}

export function tlsRefused(message: string, cause?: unknown): FlinkError {
  return new FlinkError(message, { code: 'FLINK_TLS_CONFIGURATION', cause })
}

interface Store {
  readonly key: string
  readonly path: string
  readonly bytes: Buffer
  readonly format: 'pem' | 'pkcs12'
}

function readStore(key: string, path: string): Store {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw tlsRefused(`Cannot read the file of ${key}: ${(cause as Error).message}`, cause)
  }
  const magic = bytes.length < 4 ? 0 : bytes.readUInt32BE(0)
  if (magic === JKS_MAGIC || magic === JCEKS_MAGIC) {
    const format = magic === JKS_MAGIC ? 'JKS' : 'JCEKS'
    throw tlsRefused(
      `The file of ${key}, ${path}, is a Java keystore (${format}), which only Java reads; convert it with\n` +
        `  keytool -importkeystore -srckeystore ${path} -srcstoretype ${format} -destkeystore ${path}.p12 -deststoretype PKCS12\n` +
        `and set ${key} to ${path}.p12`,
    )
  }
  if (bytes.includes('-----BEGIN ')) return { key, path, bytes, format: 'pem' }
  if (bytes[0] === 0x30) return { key, path, bytes, format: 'pkcs12' }
  throw tlsRefused(`The file of ${key}, ${path}, is neither PEM nor PKCS12`)
}

function pemCertificates({ bytes }: Store): string[] {
  const found = bytes
    .toString('latin1')
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  return found ?? []
}

function convertPkcs12(path: string): string {
  return (
    `convert it with "keytool -importkeystore -srckeystore ${path} -srcstoretype PKCS12 ` +
    `-destkeystore ${path}.new -deststoretype PKCS12" of a current JDK`
  )
}
