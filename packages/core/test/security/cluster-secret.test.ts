import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Configuration } from '@flink-ts/core'
import {
  ClusterSecret,
  loadTransportSecurity,
  readClusterSecret,
  readOrCreateClusterSecret,
  writeClusterSecret,
} from '@flink-ts/core/security'
import t from 'tap'

t.test('readOrCreateClusterSecret makes a file that only its owner reads, once', async (t) => {
  const path = join(t.testdir(), 'conf', 'cluster-secret')

  const first = readOrCreateClusterSecret(path)
  const second = readOrCreateClusterSecret(path)

  t.ok(first.equals(second))
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.match(readFileSync(path, 'utf8'), /^[0-9a-f]{64}\n$/)
  t.same(readdirSync(join(path, '..')), ['cluster-secret'], 'nothing else is left')
})

t.test('readClusterSecret refuses a file that others can read, with the remedy', async (t) => {
  const path = join(t.testdir(), 'cluster-secret')
  readOrCreateClusterSecret(path)
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(path, mode)
    t.throws(() => readClusterSecret(path), {
      code: 'FLINK_CLUSTER_SECRET',
      message: new RegExp(`mode 0${mode.toString(8)}.*run "chmod 600 ${path}"`),
    })
  }
})

t.test('readClusterSecret refuses what could be guessed or is no line', async (t) => {
  const path = join(t.testdir(), 'cluster-secret')
  for (const text of ['', 'short', `${'a'.repeat(40)} b`, `${'a'.repeat(40)}\n${'b'.repeat(40)}`]) {
    writeFileSync(path, text, { mode: 0o600 })
    t.throws(() => readClusterSecret(path), { code: 'FLINK_CLUSTER_SECRET' })
  }
})

t.test('writeClusterSecret replaces what is there', async (t) => {
  const path = join(t.testdir(), 'cluster-secret')
  readOrCreateClusterSecret(path)
  const other = ClusterSecret.random()

  writeClusterSecret(path, other)

  t.ok(readClusterSecret(path)?.equals(other))
  t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('ClusterSecret does not show itself', async (t) => {
  const text = 'f'.repeat(64)
  const secret = ClusterSecret.fromText(text, 'a test')
  for (const shown of [String(secret), JSON.stringify({ secret }), inspect({ secret })]) {
    t.notMatch(shown, text)
  }
})

t.test('loadTransportSecurity makes a secret, or says where it has to come from', async (t) => {
  const path = join(t.testdir(), 'cluster-secret')
  const configuration = Configuration.fromMap({ 'security.cluster.secret-file': path })

  t.throws(() => loadTransportSecurity(configuration, 'refuse'), {
    code: 'FLINK_CLUSTER_SECRET',
    message: /copy the file from the machine of the JobManager/,
  })
  const made = loadTransportSecurity(configuration, 'create')
  t.ok(loadTransportSecurity(configuration, 'refuse').secret.equals(made.secret))
  const shown = JSON.stringify(configuration.toDisplayMap())
  t.match(shown, path, 'whoever looks for a mistake sees where it is')
  t.notMatch(shown, made.secret.fileText().trim(), 'and nobody what it is')
})
