import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect, createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { Configuration } from '@flink-ts/core'
import { loadInternalTls } from '@flink-ts/core/security'
import t from 'tap'

const tls = fileURLToPath(new URL('../../test/fixtures/tls/', import.meta.url))

function load(values: Record<string, string>) {
  const full = Object.entries(values).map(([key, value]) => [`security.ssl.${key}`, value])
  return loadInternalTls(Configuration.fromMap(Object.fromEntries(full)))
}

const PEM = {
  'internal.enabled': 'true',
  'internal.keystore': `${tls}cluster.pem`,
  'internal.truststore': `${tls}cluster.crt`,
}
const P12 = {
  'internal.enabled': 'true',
  'internal.keystore': `${tls}cluster.p12`,
  'internal.keystore-password': 'changeit',
  'internal.truststore': `${tls}truststore.p12`,
  'internal.truststore-password': 'changeit',
}
const CHAIN = {
  'internal.keystore': `${tls}chain.p12`,
  'internal.keystore-password': 'changeit',
}
const certificate = readFileSync(`${tls}cluster.crt`, 'latin1').trim()

t.test('loadInternalTls reads nothing unless internal TLS is enabled', async (t) => {
  t.equal(load({ 'internal.keystore': '/nowhere' }), undefined)
})

t.test('loadInternalTls trusts the same certificates from PEM and from PKCS12', async (t) => {
  t.same(
    load(PEM)?.ca.map((text) => text.trim()),
    [certificate],
  )
  t.same(
    load(P12)?.ca.map((text) => text.trim()),
    [certificate],
  )
  const both = load({ ...P12, 'internal.truststore': `${tls}cluster.p12` })
  t.same(
    both?.ca.map((text) => text.trim()),
    [certificate],
    'a keystore with its private key is a truststore, too',
  )
  const keytool = {
    'internal.keystore': `${tls}keytool.p12`,
    'internal.truststore': `${tls}keytool.p12`,
  }
  t.equal(load({ ...P12, ...keytool })?.ca.length, 1)
})

t.test('loadInternalTls falls back to the general keys of Flink', async (t) => {
  const material = load({
    enabled: 'true',
    keystore: `${tls}cluster.p12`,
    'keystore-password': 'changeit',
    truststore: `${tls}truststore.p12`,
    'truststore-password': 'changeit',
  })
  t.equal(material?.ca.length, 1)
})

t.test('loadInternalTls opens a PEM key with its password', async (t) => {
  const encrypted = { ...PEM, 'internal.keystore': `${tls}encrypted.pem` }
  t.ok(load({ ...encrypted, 'internal.key-password': 'changeit' }))
  t.throws(() => load({ ...encrypted, 'internal.key-password': 'wrong' }), {
    code: 'FLINK_TLS_CONFIGURATION',
    message: /security.ssl.internal.keystore.*encrypted.pem.*password is wrong or missing/,
  })
})

t.test('loadInternalTls refuses a Java keystore with the command that converts it', async (t) => {
  t.throws(() => load({ ...P12, 'internal.truststore': `${tls}truststore.jks` }), {
    code: 'FLINK_TLS_CONFIGURATION',
    message:
      /truststore.jks, is a Java keystore \(JKS\)[\s\S]*keytool -importkeystore -srckeystore \S+truststore.jks -srcstoretype JKS -destkeystore \S+truststore.jks.p12 -deststoretype PKCS12\n/,
  })
})

t.test('loadInternalTls says what is wrong with the stores', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ 'internal.keystore-password': 'wrong' }, /keystore.*cluster.p12.*password is wrong/],
    [{ 'internal.truststore-password': 'wrong' }, /truststore.p12.*truststore-password right\?/],
    [{ 'internal.keystore': `${tls}none.p12` }, /internal.keystore: ENOENT.*none.p12/],
    [{ 'internal.keystore': `${tls}README.md` }, /README.md, is neither PEM nor PKCS12/],
    [{ 'internal.keystore': `${tls}truststore.p12` }, /internal.keystore, file/],
    [{ 'internal.keystore': `${tls}legacy.p12` }, /obsolete; convert it with "keytool/],
    [
      { 'internal.keystore': `${tls}chain-3des.p12` },
      /internal.keystore, .*convert it with "keytool/,
    ],
    [{ 'internal.truststore': `${tls}legacy.p12` }, /convert it with "keytool/],
    [{ 'internal.cert.fingerprint': 'AB:CD' }, /is no fingerprint/],
    [{ protocol: 'TLSv1' }, /security.ssl.protocol' cannot be TLSv1/],
    [{ algorithms: 'TLS_RSA_WITH_NONSENSE' }, /names 'TLS_RSA_WITH_NONSENSE'/],
  ]
  for (const [values, message] of cases) {
    t.throws(() => load({ ...P12, ...values }), { code: 'FLINK_TLS_CONFIGURATION', message })
  }
  const { 'internal.keystore': _keystore, ...without } = PEM
  t.throws(() => load(without), { message: /'security.ssl.internal.keystore' must name a file/ })
})

t.test('loadInternalTls trusts nobody for being in the keystore', async (t) => {
  const material = load({ ...PEM, ...CHAIN })
  const sibling = readFileSync(`${tls}chain-sibling.pem`)
  const shown: (string | undefined)[] = []
  const server = createServer({
    key: sibling,
    cert: sibling,
    ca: readFileSync(`${tls}chain-ca.crt`),
    requestCert: true,
  })
  server.on('secureConnection', (socket) => {
    const { subject, issuerCertificate } = socket.getPeerCertificate(true)
    shown.push(String(subject.CN), String(issuerCertificate.subject.CN))
    socket.end()
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const connected = async (options: ConnectionOptions) => {
    const socket = connect({ host: '127.0.0.1', port, ...options })
    try {
      await once(socket, 'secureConnect')
      await once(socket.resume(), 'end')
    } finally {
      socket.destroy()
    }
  }
  await t.rejects(connected({ ...material }), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
  await connected({ ...load({ ...PEM, ...CHAIN, 'internal.truststore': `${tls}chain-ca.crt` }) })
  t.strictSame(shown, ['fw', 'fw-ca'], 'its own certificate is shown with the one that issued it')
})

t.test('loadInternalTls refuses truncated and damaged containers', async (t) => {
  const whole = readFileSync(`${tls}truststore.p12`)
  const file = join(t.testdir(), 'damaged.p12')
  for (let length = 1; length < whole.length - 100; length += 37) {
    writeFileSync(file, whole.subarray(0, length))
    t.throws(() => load({ ...P12, 'internal.truststore': file }), {
      code: 'FLINK_TLS_CONFIGURATION',
    })
  }
})
