import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import {
  DerTag,
  type DerValue,
  derChildren,
  derContent,
  derObjectIdentifier,
} from './der-reader.js'
import { certificateOf, pkcs12Bags } from './pkcs12-certificates.js'

const KEY_BAG = '1.2.840.113549.1.12.10.1.1'
const ENCRYPTED_KEY_BAG = '1.2.840.113549.1.12.10.1.2'

/**
 * The first private key of a PKCS12 container, and its certificate with those that certify it. Node's TLS, given the container itself
 * (`pfx`), would trust the authorities in it, whoever else is to be trusted.
 *
 * @returns both in PEM, the key unencrypted
 * @throws ObsoleteEncryptionError for certificates in RC2 and triple DES
 * @throws Error when it is no such container, the password is wrong, or it has no key with a certificate
 */
export function pkcs12Identity(bytes: Buffer, password: string): { key: string; cert: string } {
  const bags = pkcs12Bags(bytes, password)
  const key = bags.flatMap((bag) => keyOf(bag, password))[0]
  if (key === undefined) throw new Error('it holds no private key')
  const certificates = bags.flatMap(certificateOf).map((der) => new X509Certificate(der))
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key))
  if (own === undefined) throw new Error('it holds no certificate of its private key')
  const chain = [own]
  for (let last: X509Certificate | undefined = own; last !== undefined; ) {
    const subject: X509Certificate = last
    last = certificates.find((each) => !chain.includes(each) && subject.checkIssued(each))
    if (last !== undefined) chain.push(last)
  }
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: chain.map(String).join(''),
  }
}

function keyOf(bag: DerValue, passphrase: string): KeyObject[] {
  const [type, value] = derChildren(bag, DerTag.sequence)
  const kind = derObjectIdentifier(type)
  if (kind !== KEY_BAG && kind !== ENCRYPTED_KEY_BAG) return []
  const key = derContent(value, DerTag.context0)
  return [
    createPrivateKey({
      key,
      format: 'der',
      type: 'pkcs8',
      ...(kind === ENCRYPTED_KEY_BAG ? { passphrase } : {}),
    }),
  ]
}
