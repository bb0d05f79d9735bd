import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Configuration, SystemClock } from '@flink-ts/core'
import t, { type Test } from 'tap'
import { ClusterControl } from '../dist/daemon/cluster-control.js'
import { logFilesOf } from '../dist/daemon/log-files.js'
import { runOverSsh } from '../dist/daemon/remote-hosts.js'
import { folderWith } from './support/run-command.js'
import { pidFileOf, settingsOf } from './support/testing-daemons.js'
import { TestingTerminal } from './support/testing-terminal.js'

function clusterOf(t: Test, workers: string, sshExitCode = 0, masters?: string) {
  const settings = settingsOf(t)
  const bin = folderWith(t)
  const calls = join(bin, 'calls')
  writeFileSync(
    join(bin, 'ssh'),
    // One write per call: two hosts are reached at the same time.
    `#!/bin/sh\ncall=$(printf '%s|' "$@")\n[ "$1" = -n ] || call="$call""stdin: $(cat)"\necho "$call" >> ${calls}\nexit ${sshExitCode}\n`,
    { mode: 0o755 },
  )
  writeFileSync(join(settings.configDir, 'workers'), workers)
  if (masters !== undefined) writeFileSync(join(settings.configDir, 'masters'), masters)
  const path = process.env['PATH']
  process.env['PATH'] = `${bin}:${path}`
  t.teardown(() => {
    process.env['PATH'] = path
  })
  const terminal = new TestingTerminal()
  const cluster = new ClusterControl({
    settings,
    configuration: Configuration.fromMap({
      'rest.port': '8090',
      'env.ssh.opts': '-p 2222',
      ...(masters !== undefined && { 'high-availability.type': 'ZooKeeper' }),
    }),
    terminal,
    clock: new SystemClock(),
    binDir: "/opt/flink's/bin",
  })
  const sshCalls = () => readFileSync(calls, 'utf8').trim().split('\n').sort()
  return { cluster, terminal, settings, sshCalls }
}

t.test('ClusterControl: with high availability a JobManager per line of masters', async (t) => {
  const masters = '# leader or standby\nlocalhost:8081\nlocalhost:8082\nlocalhost\n'
  const { cluster, terminal, settings } = clusterOf(t, 'localhost\n', 0, masters)
  t.equal(await cluster.start(), 0)
  t.match(
    terminal.outLines.at(-1),
    /REST: http:\/\/localhost:8081, http:\/\/localhost:8082, localhost/,
  )
  t.equal(pidFileOf(settings, 'standalonesession').read().length, 3)
  const words = [0, 1, 2].map((n) =>
    readFileSync(logFilesOf(settings, 'standalonesession', n).out, 'utf8'),
  )
  for (const [n, port] of ['8081', '8082', '0'].entries()) {
    t.match(words[n], `-D jobmanager.rpc.address=localhost -D rest.port=${port}`)
  }

  t.equal(await cluster.stop(), 0)
  t.strictSame(pidFileOf(settings, 'standalonesession').read(), [])
  t.match(terminal.outLines.at(-1), /kept for the next start.*flink ha remove \/default/)
})

t.test('ClusterControl: JobManagers on other hosts are started and stopped by ssh', async (t) => {
  const { cluster, sshCalls, settings } = clusterOf(t, 'localhost\n', 0, 'm1:8081\nm2:8082\n')
  t.equal(await cluster.start(), 0)
  t.equal(pidFileOf(settings, 'standalonesession').read().length, 0, 'none of them is here')
  t.match(sshCalls()[0], /\|m1\|.*jobmanager.sh' 'start' 'm1' '8081' '--secret-stdin'/)
  t.match(sshCalls()[1], /\|m2\|.*jobmanager.sh' 'start' 'm2' '8082' '--secret-stdin'/)

  t.equal(await cluster.stop(), 0)
  t.match(
    sshCalls().filter((line) => line.includes("'stop'")),
    [/m1.*jobmanager.sh/, /m2.*jobmanager.sh/],
  )
})

t.test('ClusterControl: a JobManager, and a TaskManager per line of workers', async (t) => {
  const { cluster, terminal, settings } = clusterOf(t, 'localhost\n# none\nlocalhost\n127.0.0.1\n')
  t.equal(await cluster.start(), 0)
  t.equal(terminal.outLines[0], 'Starting cluster.')
  t.equal(terminal.outLines.at(-1), 'The cluster runs. REST: http://localhost:8090')
  t.equal(pidFileOf(settings, 'standalonesession').read().length, 1)
  t.equal(pidFileOf(settings, 'taskexecutor').read().length, 3)
  t.equal(await cluster.stop(), 0)
  t.strictSame(readdirSync(settings.pidDir), [])
})

t.test('ClusterControl: other hosts are reached by ssh with the same script', async (t) => {
  const { cluster, sshCalls, settings } = clusterOf(t, 'worker-1\nworker-2\n')
  t.equal(await cluster.start(), 0)
  const call = (host: string, verb: string) =>
    `-p|2222|${host}|--|nohup /bin/bash -l '/opt/flink'\\''s/bin/taskmanager.sh' '${verb}'|`
  const file = join(settings.configDir, 'cluster-secret')
  const secret = readFileSync(file, 'utf8').trim()
  const start = (host: string) => `${call(host, "start' '--secret-stdin")}stdin: ${secret}`
  t.strictSame(sshCalls(), [start('worker-1'), start('worker-2')])
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(pidFileOf(settings, 'taskexecutor').read().length, 0)
  t.equal(await cluster.stop(), 0)
  t.strictSame(
    sshCalls().filter((line) => line.includes("'stop'")),
    [`-n|${call('worker-1', 'stop')}`, `-n|${call('worker-2', 'stop')}`],
  )
})

t.test(
  'ClusterControl: a host that ssh does not reach is named, and the start has failed',
  async (t) => {
    const { cluster, terminal } = clusterOf(t, 'worker-1\n', 255)
    t.equal(await cluster.start(), 1)
    t.strictSame(terminal.errLines, [
      'Could not start a TaskManager on worker-1: ssh ended with 255',
    ])
    t.notMatch(terminal.outLines.join('\n'), 'The cluster runs')
  },
)

t.test(
  'ClusterControl: a workers file that is missing is told before anything starts',
  async (t) => {
    const settings = settingsOf(t)
    const cluster = new ClusterControl({
      settings,
      configuration: new Configuration(),
      terminal: new TestingTerminal(),
      clock: new SystemClock(),
      binDir: '/bin',
    })
    await t.rejects(cluster.start(), { message: /Cannot read the hosts file .*workers: ENOENT/ })
    t.strictSame(pidFileOf(settings, 'standalonesession').read(), [])
  },
)

t.test('runOverSsh: a machine without ssh is told', async (t) => {
  const path = process.env['PATH']
  process.env['PATH'] = folderWith(t)
  t.teardown(() => {
    process.env['PATH'] = path
  })
  const options = { host: 'a', script: '/x', args: [], sshOptions: [] }
  await t.rejects(runOverSsh(options), { message: /cannot run ssh.*ENOENT/is })
})
