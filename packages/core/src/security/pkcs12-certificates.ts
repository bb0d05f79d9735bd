import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import {
  DerTag,
  type DerValue,
  derChildren,
  derContent,
  derInteger,
  derObjectIdentifier,
  readDerValues,
} from './der-reader.js'

const DATA = '1.2.840.113549.1.7.1'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3'
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1'
const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'

const DIGESTS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}
const CIPHERS: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
}
/** What a file may ask for; the default of today's tools is 10 000 or less. */
const MAX_ITERATIONS = 10_000_000

/** A container is encrypted as today's libraries refuse to do. */
export class ObsoleteEncryptionError extends Error {}

/**
 * The certificates of a PKCS12 container, which may have no private key at all: Node's TLS reads only those that have.
 * The checksum of the container is not looked at: whoever can change the file of a truststore needs no trick.
 *
 * @returns them in DER
 * @throws ObsoleteEncryptionError for RC2 and triple DES
 * @throws Error when it is no such container, or the password is wrong
 */
export function pkcs12Certificates(bytes: Buffer, password: string): Buffer[] {
  return pkcs12Bags(bytes, password).flatMap(certificateOf)
}

/** All that a container has, decrypted but for the keys, which are encrypted on their own. Throws as {@link pkcs12Certificates} does. */
export function pkcs12Bags(bytes: Buffer, password: string): DerValue[] {
  const [container] = readDerValues(bytes)
  const [, authSafe] = derChildren(container, DerTag.sequence)
  const safes = derChildren(readDerValues(dataContent(authSafe))[0], DerTag.sequence)
  return safes.flatMap((safe) =>
    derChildren(readDerValues(safeContent(safe, password))[0], DerTag.sequence),
  )
}

function safeContent(contentInfo: DerValue, password: string): Buffer {
  const [type, content] = derChildren(contentInfo, DerTag.sequence)
  if (derObjectIdentifier(type) === ENCRYPTED_DATA) {
    const [encryptedData] = derChildren(content, DerTag.context0)
    const [, info] = derChildren(encryptedData, DerTag.sequence)
    const [, algorithm, encrypted] = derChildren(info, DerTag.sequence)
    return decrypt(algorithm, derContent(encrypted, DerTag.primitive0), password)
  }
  return dataContent(contentInfo)
}

function dataContent(contentInfo: DerValue | undefined): Buffer {
  const [type, content] = derChildren(contentInfo, DerTag.sequence)
  const id = derObjectIdentifier(type)
  if (id !== DATA) throw new Error(`content of type ${id} cannot be read`)
  return derContent(derChildren(content, DerTag.context0)[0], DerTag.octetString)
}

/** In DER; none if `bag` holds something else. */
export function certificateOf(bag: DerValue): Buffer[] {
  const [type, value] = derChildren(bag, DerTag.sequence)
  if (derObjectIdentifier(type) !== CERTIFICATE_BAG) return []
  const [certBag] = derChildren(value, DerTag.context0)
  const [kind, certificate] = derChildren(certBag, DerTag.sequence)
  if (derObjectIdentifier(kind) !== X509_CERTIFICATE) return []
  return [derContent(derChildren(certificate, DerTag.context0)[0], DerTag.octetString)]
}

function decrypt(algorithm: DerValue | undefined, encrypted: Buffer, password: string): Buffer {
  const [scheme, parameters] = derChildren(algorithm, DerTag.sequence)
  const id = derObjectIdentifier(scheme)
  if (id !== PBES2) throw new ObsoleteEncryptionError(`its encryption has the identifier ${id}`)
  const [derivation, encryption] = derChildren(parameters, DerTag.sequence)
  const [cipherId, iv] = derChildren(encryption, DerTag.sequence)
  const cipher = CIPHERS[derObjectIdentifier(cipherId)]
  if (cipher === undefined) {
    throw new ObsoleteEncryptionError(
      `its cipher has the identifier ${derObjectIdentifier(cipherId)}`,
    )
  }
  const key = deriveKey(derivation, password, cipher.keyBytes)
  const decipher = createDecipheriv(cipher.name, key, derContent(iv, DerTag.octetString))
  return Buffer.concat([decipher.update(encrypted), decipher.final()])
}

function deriveKey(derivation: DerValue | undefined, password: string, keyBytes: number): Buffer {
  const [kind, parameters] = derChildren(derivation, DerTag.sequence)
  const id = derObjectIdentifier(kind)
  if (id !== PBKDF2)
    throw new ObsoleteEncryptionError(`its key derivation has the identifier ${id}`)
  const [salt, iterations, ...more] = derChildren(parameters, DerTag.sequence)
  const count = derInteger(iterations)
  if (count < 1 || count > MAX_ITERATIONS) throw new Error(`${count} iterations are out of range`)
  const algorithm = more.find(({ tag }) => tag === DerTag.sequence)
  const digestId =
    algorithm === undefined
      ? '1.2.840.113549.2.7'
      : derObjectIdentifier(readDerValues(algorithm.content)[0])
  const digest = DIGESTS[digestId]
  if (digest === undefined)
    throw new ObsoleteEncryptionError(`its digest has the identifier ${digestId}`)
  return pbkdf2Sync(password, derContent(salt, DerTag.octetString), count, keyBytes, digest)
}
