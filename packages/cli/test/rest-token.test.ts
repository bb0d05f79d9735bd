import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterSecret, restToken, writeClusterSecret } from '@flink-ts/core/security'
import t from 'tap'
import { listAction } from '../dist/actions/list.js'
import { restTokenAction } from '../dist/actions/rest-token.js'
import { act } from './support/act.js'
import { APPLICATION_ID, FakeClusterManager } from './support/fake-cluster-manager.js'
import { startFakeRestServer } from './support/fake-rest-server.js'
import { folderWith } from './support/run-command.js'

const secret = ClusterSecret.random()
const token = restToken(secret)

t.test('flink rest-token writes what curl shows, for its owner alone', async (t) => {
  const workingDirectory = folderWith(t)
  const path = join(workingDirectory, 'token')
  writeClusterSecret(join(workingDirectory, 'cluster-secret'), secret)
  const environment = { FLINK_CONF_DIR: workingDirectory }
  const { code, out, err } = await act(restTokenAction, ['token'], {
    workingDirectory,
    environment,
  })
  t.equal(code, 0)
  t.notMatch([...out, ...err].join('\n'), new RegExp(token), 'it stands on no screen')
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(readFileSync(path, 'utf8'), `header = "Authorization: Bearer ${token}"\n`)

  const { address, requests } = await startFakeRestServer(t, () => ({ body: {} }))
  const { execFile } = await import('node:child_process')
  if (hasCurl()) {
    await new Promise((resolve) =>
      execFile('curl', ['-s', '-K', path, `http://${address}/`], resolve),
    )
    t.equal(requests[0]?.headers.authorization, `Bearer ${token}`)
  }
})

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

t.test('flink rest-token of a cluster that was deployed', async (t) => {
  const { importModule, secret, calls } = new FakeClusterManager()
  const workingDirectory = folderWith(t)
  const words = ['-t', 'yarn-session', `-Dyarn.application.id=${APPLICATION_ID}`, 'token']
  t.equal((await act(restTokenAction, words, { importModule, workingDirectory })).code, 0)
  t.match(readFileSync(join(workingDirectory, 'token'), 'utf8'), restToken(secret))
  t.strictSame(calls, [`retrieve ${APPLICATION_ID}`, 'close'])
})

t.test('flink rest-token overwrites nothing, and says what is missing', async (t) => {
  const workingDirectory = folderWith(t, { there: '' })
  const environment = { FLINK_CONF_DIR: workingDirectory }
  await t.rejects(act(restTokenAction, ['new'], { workingDirectory, environment }), {
    code: 'FLINK_CLUSTER_SECRET',
    message:
      /there is no .*cluster-secret; copy the file cluster-secret from the machine of the JobManager/,
  })
  writeFileSync(join(workingDirectory, 'cluster-secret'), secret.fileText(), { mode: 0o600 })
  await t.rejects(act(restTokenAction, ['there'], { workingDirectory, environment }), {
    message: /^Cannot write .*there: EEXIST/,
  })
  for (const words of [[], ['a', 'b']]) {
    await t.rejects(act(restTokenAction, words), { message: /^Specify one file/ })
  }
})

t.test(
  'commands show the token where the configuration asks for it, and nowhere else',
  async (t) => {
    const { address, requests } = await startFakeRestServer(t, () => ({ body: { jobs: [] } }))
    const folder = folderWith(t)
    const file = join(folder, 'elsewhere')
    writeClusterSecret(file, secret)
    const asked = {
      'security.rest.authentication.enabled': 'true',
      'security.cluster.secret-file': file,
    }
    await act(listAction, ['-m', address], { configuration: asked })
    await act(listAction, ['-m', address], {
      configuration: { 'security.cluster.secret-file': file },
    })
    t.strictSame(
      requests.map(({ headers }) => headers.authorization),
      [`Bearer ${token}`, undefined],
    )
    await t.rejects(
      act(listAction, ['-m', address], {
        configuration: { ...asked, 'security.cluster.secret-file': join(folder, 'gone') },
      }),
      { code: 'FLINK_CLUSTER_SECRET', message: /there is no .*gone; copy the file/ },
    )
  },
)
