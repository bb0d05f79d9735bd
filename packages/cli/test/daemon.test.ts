import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Configuration } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import { daemonCommand, isDaemonAlive } from '../dist/daemon/daemon-process.js'
import { daemonSettings } from '../dist/daemon/daemon-settings.js'
import { logFilesOf } from '../dist/daemon/log-files.js'
import { runScript } from './support/run-command.js'
import { controlOf, hurry, settingsOf } from './support/testing-daemons.js'

/** Larger than any pid that a system gives out. */
const NO_PROCESS = 2 ** 30

t.test('daemonSettings: environment variables win over the configuration', async (t) => {
  const configuration = Configuration.fromMap({ 'env.log.dir': '/c/log', 'env.pid.dir': '/c/pid' })
  const of = (environment: Record<string, string>) =>
    daemonSettings({ flinkHome: '/f', configDir: '/f/conf', configuration, environment })
  t.match(of({ USER: 'ann' }), { logDir: '/c/log', pidDir: '/c/pid', identString: 'ann' })
  const environment = { FLINK_LOG_DIR: '/e/log', FLINK_PID_DIR: '/e/pid', FLINK_IDENT_STRING: 'x' }
  t.match(of(environment), { logDir: '/e/log', pidDir: '/e/pid', identString: 'x' })
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
