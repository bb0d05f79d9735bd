import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import {
  Configuration,
  FlinkError,
  loadConfiguration,
  parseDynamicProperties,
  SystemClock,
} from '@flink-ts/core'
import { ClusterControl } from './daemon/cluster-control.js'
import { DaemonControl } from './daemon/daemon-control.js'
import { type DaemonLaunch, daemonCommand } from './daemon/daemon-process.js'
import { DAEMONS, daemonSettings, type NodeDaemonName } from './daemon/daemon-settings.js'
import { receiveClusterSecret, SECRET_FROM_STDIN } from './daemon/received-secret.js'
import { prepareApplication, STANDALONE_JOB_USAGE } from './daemon/standalone-job.js'
import { ZooKeeperCommand } from './daemon/zookeeper/zookeeper-command.js'
import { configurationFolder, flinkHome } from './flink-home.js'
import { processTerminal } from './terminal/terminal.js'

const USAGE: Readonly<Record<NodeDaemonName, string>> = {
  standalonesession: 'Usage: jobmanager.sh ((start|start-foreground) [args])|stop|stop-all',
  standalonejob: STANDALONE_JOB_USAGE,
  taskexecutor: 'Usage: taskmanager.sh (start|start-foreground) [args]|stop|stop-all',
}

const clock = new SystemClock()
const terminal = processTerminal()
const environment = process.env

/** Runs the daemon in place of this command: signals and the exit code are its own, of a signal 128 and its number. */
function foreground({ program = process.execPath, words }: DaemonLaunch): Promise<number> {
  const child = spawn(program, words, {
    stdio: 'inherit',
    env: environment,
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal))
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}

/**
 * `jobmanager.sh start [host] [webuiport] [-D …]`: the older form of the first two words.
 *
 * @throws FlinkError for words that mean nothing
 */
function daemonArguments(daemon: NodeDaemonName, words: readonly string[]): string[] {
  const { properties, rest } = parseDynamicProperties(words)
  const [host, port, ...more] = daemon === 'standalonesession' ? rest : ['', '', ...rest]
  const unknown = more[0] ?? [host, port].find((word) => word?.startsWith('-'))
  if (unknown !== undefined) {
    throw new FlinkError(`Unknown argument "${unknown}". ${USAGE[daemon]}`, {
      code: 'FLINK_CLI_ARGUMENT',
    })
  }
  const older = [
    ...(host ? [`jobmanager.rpc.address=${host}`] : []),
    ...(port ? [`rest.port=${port}`] : []),
  ]
  const given = Object.entries(properties.toMap()).map(([key, value]) => `${key}=${value}`)
  return [...older, ...given].flatMap((property) => ['-D', property])
}

/** Stopping needs little of the configuration: a broken one must not keep a cluster running. */
async function settingsFor(verb: string) {
  const configDir = configurationFolder(environment)
  const loaded = await loadConfiguration({ confDir: configDir, env: environment }).then(
    ({ configuration }) => configuration,
    (error: unknown) => {
      if (!verb.startsWith('stop')) throw error
      terminal.err(`${(error as Error).message}; stopping with the defaults`)
      return new Configuration()
    },
  )
  const settings = daemonSettings({
    flinkHome: flinkHome(environment),
    configDir,
    configuration: loaded,
    environment,
  })
  return { settings, configuration: loaded }
}

/** Bundles a program and starts the JobManager that runs it. */
async function startApplication(verb: string, words: readonly string[]): Promise<number> {
  if (verb !== 'start' && verb !== 'start-foreground') {
    terminal.out(STANDALONE_JOB_USAGE)
    return 1
  }
  const daemon = 'standalonejob'
  const usrlib = join(flinkHome(environment), 'usrlib')
  const [{ settings }, { args, remove }] = await Promise.all([
    settingsFor(verb),
    prepareApplication(words, { workingDirectory: process.cwd(), usrlib }),
  ])
  try {
    if (verb === 'start-foreground') {
      return await foreground({ words: daemonCommand(daemon, settings, args) })
    }
    return await new DaemonControl({ daemon, settings, terminal, clock }).start(args)
  } finally {
    remove()
  }
}

async function main(words: readonly string[]): Promise<number> {
  const [subject, verb = '', ...rest] = words
  if (subject === 'cluster') {
    const [unknown] = rest
    if (unknown !== undefined) {
      terminal.out(`Unknown argument "${unknown}". Usage: ${verb}-cluster.sh`)
      return 1
    }
    const { settings, configuration } = await settingsFor(verb)
    const binDir = `${flinkHome(environment)}/bin`
    const cluster = new ClusterControl({ settings, configuration, terminal, clock, binDir })
    return verb === 'start' ? cluster.start() : cluster.stop()
  }
  if (subject === 'zookeeper' || subject === 'zookeeper-quorum') {
    const binDir = `${flinkHome(environment)}/bin`
    const command = new ZooKeeperCommand({
      ...(await settingsFor(verb)),
      terminal,
      clock,
      binDir,
      foreground,
    })
    if (subject === 'zookeeper') return command.peer(verb, rest)
    return command.quorum(verb === 'start' ? 'start' : 'stop')
  }
  const daemon = subject as NodeDaemonName
  if (!Object.hasOwn(DAEMONS, daemon)) {
    terminal.err(`Unknown daemon '${subject}'. Known: ${Object.keys(DAEMONS).join(', ')}`)
    return 1
  }
  if (daemon === 'standalonejob' && verb.startsWith('start')) return startApplication(verb, rest)
  switch (verb) {
    case 'start-foreground':
      return foreground({
        words: daemonCommand(
          daemon,
          (await settingsFor(verb)).settings,
          daemonArguments(daemon, rest),
        ),
      })
    case 'start':
    case 'stop':
    case 'stop-all': {
      const words = rest.filter((word) => word !== SECRET_FROM_STDIN)
      const args = daemonArguments(daemon, verb === 'start' ? words : [])
      const { settings, configuration } = await settingsFor(verb)
      if (words.length < rest.length) {
        await receiveClusterSecret(process.stdin, configuration, settings.configDir)
      }
      const control = new DaemonControl({ daemon, settings, terminal, clock })
      if (verb === 'start') return control.start(args)
      return verb === 'stop' ? control.stop() : control.stopAll()
    }
    default:
      terminal.out(USAGE[daemon])
      return 1
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  terminal.err(error instanceof FlinkError ? error.message : String((error as Error).stack))
  process.exitCode = 1
}
