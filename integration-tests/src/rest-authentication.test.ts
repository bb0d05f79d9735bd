import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SystemClock } from '@flink-ts/core'
import { readClusterSecret } from '@flink-ts/core/security'
import { RestClusterClient } from '@flink-ts/rest/client'
import t from 'tap'
import { Command } from './support/command.js'
import { program, TestCluster } from './support/test-cluster.js'

t.setTimeout(600_000)

const AUTHENTICATION = { 'security.rest.authentication.enabled': 'true' }

t.test(
  'a cluster that asks who calls: its owner works as ever, strangers get nothing',
  async (t) => {
    const cluster = await TestCluster.prepare(t, { taskManagers: 1, configuration: AUTHENTICATION })
    t.match(await cluster.script('start-cluster.sh'), { code: 0 })
    const secret = readClusterSecret(join(cluster.confDir, 'cluster-secret'))!
    const owner = new RestClusterClient({
      address: `127.0.0.1:${cluster.restPort}`,
      clock: new SystemClock(),
      secret,
      retries: 20,
      retryDelayMs: 250,
    })

    // flink reads the secret where the JobManager has it.
    const run = await cluster.flink('run', program('one-two-three.ts'))
    t.equal(run.code, 0, run.stderr)
    t.match(await cluster.flink('list', '-a'), { code: 0, stdout: /\(FINISHED\)/ })
    t.match(await owner.clusterOverview(), { taskmanagers: 1 })

    // Strangers: the REST API of the cluster as it is for all others.
    await t.rejects(cluster.rest.clusterOverview(), { code: 'FLINK_REST_UNAUTHORIZED' })
    const url = `http://127.0.0.1:${cluster.restPort}`
    for (const [path, method] of [
      ['/overview', 'GET'],
      ['/jobs', 'POST'],
      ['/cluster', 'DELETE'],
      ['/nothing', 'OPTIONS'],
    ] as const) {
      const { status, headers } = await fetch(`${url}${path}`, { method })
      t.equal(status, 401, path)
      t.match(headers.get('www-authenticate'), /^Basic /)
    }

    // People: a file for curl, and the password in it for browsers.
    t.match(await cluster.flink('rest-token', 'token'), { code: 0 })
    const curl = new Command('curl', ['-s', '-K', 'token', `${url}/overview`], {
      cwd: cluster.folder,
      environment: cluster.environment,
    })
    t.match(await curl.result(), { code: 0, stdout: /"taskmanagers":1/ })
    const token = /Bearer (\w+)/.exec(readFileSync(join(cluster.folder, 'token'), 'utf8'))![1]!
    const authorization = `Basic ${Buffer.from(`me:${token}`).toString('base64')}`
    t.equal((await fetch(`${url}/overview`, { headers: { authorization } })).status, 200)

    // Who has another secret, or none, is told so in one line.
    const own = join(cluster.folder, 'stranger')
    const configuration = readFileSync(join(cluster.confDir, 'flink-conf.yaml'), 'utf8')
    const stranger = { FLINK_CONF_DIR: own }
    mkdirSync(own)
    writeFileSync(join(own, 'flink-conf.yaml'), configuration)
    const without = await cluster.command('flink', ['list'], stranger).result()
    t.match(without, { code: 1, stderr: /there is no .*cluster-secret; copy the file/ })
    writeFileSync(join(own, 'cluster-secret'), 'x'.repeat(40), { mode: 0o600 })
    const wrong = await cluster.command('flink', ['list'], stranger).result()
    t.match(wrong, {
      code: 1,
      stderr: /FLINK_REST_UNAUTHORIZED\]: .*does not accept the cluster secret of .*stranger/,
    })

    // Nobody finds secret or token in logs.
    const logs = cluster.logs('standalonesession', 'log') + cluster.logs('taskexecutor', 'log')
    t.match(logs, /Refused a REST request with no credentials/)
    t.notMatch(logs, new RegExp(`${token}|${secret.fileText().trim()}|x{40}`))
    t.match(await cluster.script('stop-cluster.sh'), { code: 0 })
  },
)
