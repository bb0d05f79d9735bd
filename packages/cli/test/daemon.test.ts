import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Clock, Configuration, SystemClock } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t, { type Test } from 'tap'
import { ClusterControl } from '../dist/daemon/cluster-control.js'
import { DaemonControl } from '../dist/daemon/daemon-control.js'
import { daemonCommand, isDaemonAlive } from '../dist/daemon/daemon-process.js'
import {
  type DaemonName,
  type DaemonSettings,
  daemonSettings,
} from '../dist/daemon/daemon-settings.js'
import { logFilesOf, prepareLogFiles } from '../dist/daemon/log-files.js'
import { PidFile } from '../dist/daemon/pid-file.js'
import { runOverSsh } from '../dist/daemon/remote-hosts.js'
import { writeFakeDaemons } from './support/fake-daemon.js'
import { folderWith, runScript } from './support/run-command.js'
import { TestingTerminal } from './support/testing-terminal.js'

/** Larger than any pid that a system gives out. */
const NO_PROCESS = 2 ** 30

/** Settings with folders of the test's own; what it leaves running is killed at its end. */
function settingsOf(t: Test): DaemonSettings {
  const folder = folderWith(t)
  for (const name of ['mains', 'conf']) mkdirSync(join(folder, name))
  writeFakeDaemons(join(folder, 'mains'))
  const settings: DaemonSettings = {
    configuration: Configuration.fromMap({
      'jobmanager.memory.process.size': '1600m',
      'taskmanager.memory.process.size': '1728m',
    }),
    configDir: join(folder, 'conf'),
    logDir: join(folder, 'log'),
    pidDir: join(folder, 'pids'),
    identString: 'tester',
    hostName: 'here',
    mainsDir: join(folder, 'mains'),
    logFilesMax: 3,
    environment: process.env,
  }
  t.teardown(() => {
    for (const daemon of ['standalonesession', 'taskexecutor'] as const) {
      for (const pid of pidFileOf(settings, daemon).read()) {
        if (isDaemonAlive(pid, daemon)) process.kill(pid, 'SIGKILL')
      }
    }
  })
  return settings
}

function pidFileOf(settings: DaemonSettings, daemon: DaemonName, clock: Clock = new SystemClock()) {
  return new PidFile({ ...settings, daemon, clock })
}

function controlOf(settings: DaemonSettings, daemon: DaemonName = 'taskexecutor', clock?: Clock) {
  const terminal = new TestingTerminal()
  const control = new DaemonControl({
    daemon,
    settings,
    terminal,
    clock: clock ?? new SystemClock(),
  })
  return { control, terminal, pids: pidFileOf(settings, daemon) }
}

/** Time that passes as fast as the machine goes. */
async function hurry<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let ended = false
  const done = () => {
    ended = true
  }
  work.then(done, done)
  while (!ended) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    clock.advance(20)
  }
  return work
}

t.test('daemonSettings: environment variables win over the configuration', async (t) => {
  const configuration = Configuration.fromMap({ 'env.log.dir': '/c/log', 'env.pid.dir': '/c/pid' })
  const of = (environment: Record<string, string>) =>
    daemonSettings({ flinkHome: '/f', configDir: '/f/conf', configuration, environment })
  t.match(of({ USER: 'ann' }), { logDir: '/c/log', pidDir: '/c/pid', identString: 'ann' })
  const environment = { FLINK_LOG_DIR: '/e/log', FLINK_PID_DIR: '/e/pid', FLINK_IDENT_STRING: 'x' }
  t.match(of(environment), { logDir: '/e/log', pidDir: '/e/pid', identString: 'x' })
})

t.test('PidFile: a pid per line, in the order of the starts; none leaves no file', async (t) => {
  const pids = pidFileOf(settingsOf(t), 'taskexecutor')
  t.match(pids.path, /\/pids\/flink-tester-taskexecutor\.pid$/)
  t.strictSame(pids.read(), [])
  pids.write([12, 7])
  t.equal(readFileSync(pids.path, 'utf8'), '12\n7\n')
  writeFileSync(pids.path, '12\n\nnonsense\n 7 \n')
  t.strictSame(pids.read(), [12, 7])
  pids.write([])
  t.equal(existsSync(pids.path), false)
})

t.test(
  'PidFile, prepareLogFiles: a folder that cannot be one is told with what to set',
  async (t) => {
    const settings = settingsOf(t)
    const file = join(settings.configDir, 'file')
    writeFileSync(file, '')
    for (const pidDir of [file, join(file, 'below')]) {
      t.throws(() => pidFileOf({ ...settings, pidDir }, 'taskexecutor'), {
        code: 'FLINK_DAEMON_FOLDER',
        message: /Cannot keep pid files in .*; set env\.pid\.dir, or FLINK_PID_DIR, to a folder/,
      })
    }
    const files = logFilesOf(settings, 'taskexecutor', 0)
    t.throws(() => prepareLogFiles({ ...settings, logDir: file }, files), {
      code: 'FLINK_DAEMON_FOLDER',
      message: /Cannot keep log files in .*; set env\.log\.dir, or FLINK_LOG_DIR, to a folder/,
    })
  },
)

t.test('PidFile.locked: one at a time, also after a failure', async (t) => {
  const settings = settingsOf(t)
  const [one, two] = [pidFileOf(settings, 'taskexecutor'), pidFileOf(settings, 'taskexecutor')]
  const events: string[] = []
  let release = () => {}
  const first = one.locked(async () => {
    events.push('first in')
    await new Promise<void>((resolve) => {
      release = resolve
    })
    events.push('first out')
    throw new Error('failed')
  })
  const second = two.locked(() => void events.push('second in'))
  await new Promise<void>((resolve) => setImmediate(resolve))
  release()
  await t.rejects(first, { message: 'failed' })
  await second
  t.strictSame(events, ['first in', 'first out', 'second in'])
  t.strictSame(readdirSync(settings.pidDir), [])
})

t.test('PidFile.locked: gives up after a while, naming the lock', async (t) => {
  const clock = new ManualClock(Date.now())
  const pids = pidFileOf(settingsOf(t), 'taskexecutor', clock)
  writeFileSync(`${pids.path}.lock`, '')
  await t.rejects(
    hurry(
      clock,
      pids.locked(() => {}),
    ),
    {
      code: 'FLINK_PID_FILE_LOCKED',
      message: new RegExp(`another command holds ${pids.path}.lock`),
    },
  )
})

t.test('PidFile.locked: takes over the lock of a command that was killed', async (t) => {
  const pids = pidFileOf(settingsOf(t), 'taskexecutor')
  writeFileSync(`${pids.path}.lock`, '')
  const longAgo = new Date(Date.now() - 120_000)
  utimesSync(`${pids.path}.lock`, longAgo, longAgo)
  t.equal(await pids.locked(() => 'mine'), 'mine')
})

t.test('prepareLogFiles: earlier files are moved on, the oldest goes', async (t) => {
  const settings = settingsOf(t)
  const files = logFilesOf(settings, 'taskexecutor', 2)
  t.match(files.log, /\/log\/flink-tester-taskexecutor-2-here\.log$/)
  t.match(files.out, /\/log\/flink-tester-taskexecutor-2-here\.out$/)
  for (let run = 1; run <= 5; run++) {
    prepareLogFiles(settings, files)
    t.equal(existsSync(files.log), false, 'the new process begins anew')
    writeFileSync(files.log, `run ${run}`)
  }
  t.strictSame(
    [files.log, `${files.log}.1`, `${files.log}.2`, `${files.log}.3`].map((f) =>
      readFileSync(f, 'utf8'),
    ),
    ['run 5', 'run 4', 'run 3', 'run 2'],
  )
  t.equal(readdirSync(settings.logDir).length, 4)
})

t.test(
  'DaemonControl: starts several, says so of those that run, stops the last one first',
  async (t) => {
    const settings = settingsOf(t)
    const { control, terminal, pids } = controlOf(settings)
    t.equal(await control.start(['-D', 'a=b'], 2), 0)
    const [first, second] = pids.read()
    t.strictSame(terminal.outLines.splice(0), [
      'Starting taskexecutor daemon on host here.',
      'Starting taskexecutor daemon on host here.',
    ])
    t.match(
      readFileSync(logFilesOf(settings, 'taskexecutor', 1).out, 'utf8'),
      `started with --configDir ${settings.configDir} -D a=b\nlog file ${logFilesOf(settings, 'taskexecutor', 1).log}\n`,
    )

    t.equal(await control.start([]), 0)
    t.equal(
      terminal.outLines.splice(0)[0],
      '[INFO] 2 instance(s) of taskexecutor are already running on here.',
    )
    t.equal(existsSync(logFilesOf(settings, 'taskexecutor', 2).out), true)
    const third = pids.read()[2]

    t.equal(await control.stop(), 0)
    t.strictSame(terminal.outLines.splice(0), [
      `Stopping taskexecutor daemon (pid: ${third}) on host here.`,
    ])
    t.equal(isDaemonAlive(third!, 'taskexecutor'), false)
    t.strictSame(pids.read(), [first, second])

    t.equal(await control.stopAll(), 0)
    t.strictSame(terminal.outLines.splice(0), [
      `Stopping taskexecutor daemon (pid: ${second}) on host here.`,
      `Stopping taskexecutor daemon (pid: ${first}) on host here.`,
    ])
    t.strictSame(readdirSync(settings.pidDir), [])

    await control.stop()
    await control.stopAll()
    const nothing = 'No taskexecutor daemon to stop on host here.'
    t.strictSame(terminal.outLines, [nothing, nothing])
  },
)

t.test(
  'DaemonControl: pids of processes that are gone, or are others by now, are forgotten',
  async (t) => {
    const { control, terminal, pids } = controlOf(settingsOf(t))
    pids.write([NO_PROCESS, process.pid])
    t.equal(await control.start([]), 0)
    t.strictSame(terminal.outLines.splice(0), ['Starting taskexecutor daemon on host here.'])
    t.equal(pids.read().length, 1)
    await control.stopAll()
    terminal.outLines.splice(0)

    pids.write([process.pid, NO_PROCESS])
    t.equal(await control.stop(), 0)
    t.equal(await control.stop(), 0)
    t.strictSame(terminal.outLines, [
      `No taskexecutor daemon (pid: ${NO_PROCESS}) is running anymore on here.`,
      `No taskexecutor daemon (pid: ${process.pid}) is running anymore on here.`,
    ])
  },
)

t.test(
  'daemonCommand: the JobManager runs with the heap that the configuration gives it',
  async (t) => {
    const settings = settingsOf(t)
    const heap = (...args: string[]) => {
      const [flag] = daemonCommand('standalonesession', settings, args)
      return Number(/^--max-old-space-size=(\d+)$/.exec(flag!)?.[1])
    }
    t.ok(heap() > 1000 && heap() < 1600, String(heap()))
    t.equal(heap('-D', 'jobmanager.memory.heap.size=200m'), 200)
  },
)

t.test(
  'DaemonControl.start: memory that cannot be split is told, and nothing starts',
  async (t) => {
    const settings = settingsOf(t)
    const { control, terminal, pids } = controlOf(settings, 'standalonesession')
    t.equal(await control.start(['-D', 'jobmanager.memory.process.size=10m']), 1)
    t.match(
      terminal.errLines[0],
      /^Could not start standalonesession on here\. .*jobmanager\.memory/,
    )
    t.strictSame(pids.read(), [])
    t.equal(existsSync(settings.logDir), false)
  },
)

t.test(
  'DaemonControl.start: the log of a running daemon is left alone when an earlier one has died',
  async (t) => {
    const settings = settingsOf(t)
    const { control, terminal, pids } = controlOf(settings)
    await control.start([], 2)
    const [first, second] = pids.read()
    const logOfSecond = logFilesOf(settings, 'taskexecutor', 1).out
    process.kill(first!, 'SIGKILL')
    while (isDaemonAlive(first!, 'taskexecutor')) await new Promise((r) => setImmediate(r))
    terminal.outLines.splice(0)
    await control.start([])
    t.match(terminal.outLines[0], '1 instance(s) of taskexecutor are already running')
    t.equal(existsSync(`${logOfSecond}.1`), false)
    t.equal(existsSync(logFilesOf(settings, 'taskexecutor', 2).out), true)
    t.strictSame(pids.read().slice(0, 2), [first, second])
    await control.stopAll()
    t.match(terminal.outLines.at(-1), `(pid: ${first}) is running anymore`)
  },
)

t.test(
  'DaemonControl.start: a daemon that fails is told with its reason and not remembered',
  async (t) => {
    const settings = settingsOf(t)
    const { control, terminal, pids } = controlOf(settings, 'standalonesession')
    t.equal(await control.start(['behaviour=fail']), 1)
    t.strictSame(terminal.errLines.splice(0), [
      'Could not start standalonesession on here. port 8081 is taken',
    ])
    t.equal(await control.start(['behaviour=exit']), 1)
    t.match(
      terminal.errLines[0],
      /^Could not start .*ended at once with exit code 3:\n.*\n.*\nSyntaxError: that was it\n; see .*standalonesession-0-here\.log$/s,
    )
    t.strictSame(pids.read(), [])
  },
)

t.test('DaemonControl.start: a daemon that takes too long is told and remembered', async (t) => {
  const clock = new ManualClock(Date.now())
  const { control, terminal, pids } = controlOf(settingsOf(t), 'taskexecutor', clock)
  t.equal(await hurry(clock, control.start(['behaviour=silent'])), 1)
  const [pid] = pids.read()
  t.match(terminal.errLines[0], `was not ready after 60 s and goes on starting as pid ${pid}; see`)
  t.equal(isDaemonAlive(pid!, 'taskexecutor'), true)
})

t.test('DaemonControl.stop: a daemon that does not end is killed', async (t) => {
  const settings = settingsOf(t)
  await controlOf(settings).control.start(['behaviour=stubborn'])
  const clock = new ManualClock(Date.now())
  const { control, terminal, pids } = controlOf(settings, 'taskexecutor', clock)
  const [pid] = pids.read()
  t.equal(await hurry(clock, control.stop()), 0)
  t.strictSame(terminal.outLines, [
    `Stopping taskexecutor daemon (pid: ${pid}) on host here.`,
    "Daemon taskexecutor didn't stop within 10 seconds. Killing it.",
  ])
  while (isDaemonAlive(pid!, 'taskexecutor')) await new Promise((r) => setImmediate(r))
})

/** A cluster whose hosts are those of `workers`, and a `ssh` that writes down how it was called. */
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

t.test('jobmanager.sh, taskmanager.sh: the usage for no or a wrong first word', async (t) => {
  for (const words of [[], ['bogus']]) {
    t.match(await runScript('jobmanager.sh', words), {
      code: 1,
      stdout: 'Usage: jobmanager.sh ((start|start-foreground) [args])|stop|stop-all\n',
      stderr: '',
    })
    t.match(await runScript('taskmanager.sh', words), {
      code: 1,
      stdout: 'Usage: taskmanager.sh (start|start-foreground) [args]|stop|stop-all\n',
    })
  }
})

t.test('jobmanager.sh start: words that mean nothing are refused', async (t) => {
  t.match(await runScript('taskmanager.sh', ['start', 'bogus']), {
    code: 1,
    stdout: '',
    stderr: /^Unknown argument "bogus"\. Usage: taskmanager\.sh/,
  })
  t.match(await runScript('jobmanager.sh', ['start', 'host', '8081', 'bogus']), {
    code: 1,
    stderr: /^Unknown argument "bogus"\. Usage: jobmanager\.sh/,
  })
})
