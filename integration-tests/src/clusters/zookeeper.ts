import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../support/free-port.js'
import { clusterFolder } from './cluster-folder.js'
import { fetchJars, type MavenJar } from './maven-jars.js'
import { ServerProcess } from './server-process.js'

const VERSION = '3.9.5'
const MAIN = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
/** ZooKeeper's own pom leaves out what it calls provided or optional: metrics and snapshots need two of these, and without the last it logs nothing. */
const JARS: readonly MavenJar[] = [
  ['org.apache.zookeeper', 'zookeeper', VERSION],
  ['io.dropwizard.metrics', 'metrics-core', '4.1.12.1'],
  ['org.xerial.snappy', 'snappy-java', '1.1.10.5'],
  ['commons-cli', 'commons-cli', '1.5.0'],
  ['ch.qos.logback', 'logback-classic', '1.3.15'],
]
const LOGBACK = `<configuration>
<appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
<encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{0} - %msg%n</pattern></encoder></appender>
<root level="INFO"><appender-ref ref="OUT"/></root></configuration>
`
const WORD_TIMEOUT_MS = 2_000

/** What a real ZooKeeper's home is: its jars are in `lib`. */
export const zooKeeperHome = () => clusterFolder(`zookeeper-${VERSION}`)

/** Fetches the jars of ZooKeeper. @throws Error without Maven */
export function installZooKeeper(): void {
  const lib = join(zooKeeperHome(), 'lib')
  if (!existsSync(lib)) fetchJars(lib, JARS)
}

/** Why there is no ZooKeeper here; undefined if there is. */
export function zookeeperMissing(): string | undefined {
  if (!existsSync(join(zooKeeperHome(), 'lib'))) {
    return 'ZooKeeper is not installed: node integration-tests/dist-test/clusters/install.js zookeeper'
  }
  if (spawnSync('java', ['-version']).status === 0) return undefined
  return 'ZooKeeper needs a Java runtime (java)'
}

export interface ZooKeeperEnsembleOptions {
  /** Default 1. */
  readonly nodes?: 1 | 3
  /** ZooKeeper's unit of time: sessions are of at least 2 ticks and expire at whole ones. Default 250 ms. */
  readonly tickMs?: number
  /** Longest session timeout that is granted. Default 60 s. */
  readonly maxSessionMs?: number
  /** Whether servers without a quorum serve clients that only read. Default false. */
  readonly readOnlyMode?: boolean
}

/**
 * Real servers on 127.0.0.1; they are numbered from 1 as ZooKeeper does. They keep their ports and data over
 * {@link kill} and {@link restart}.
 */
export interface ZooKeeperEnsemble {
  /** `host:port,…` of all of them. */
  readonly connectString: string
  /** Client ports: that of server n is at n - 1. */
  readonly ports: readonly number[]
  /** SIGKILL; returns when the process is gone. */
  kill(n: number): Promise<void>
  /** SIGSTOP: the process is there and its ports take connections, but nothing answers. */
  stop(n: number): void
  /** SIGCONT. */
  resume(n: number): void
  /** Starts it again, after a {@link kill} if it runs, and waits until it serves; `isServing: false` does not wait (no quorum). */
  restart(n: number, options?: { readonly isServing?: boolean }): Promise<void>
  /** Whether it leads the ensemble; a server alone does. False if it is down or frozen. */
  isLeader(n: number): Promise<boolean>
  /** The number of the server that leads, when one does. @throws Error after 30 s without */
  leader(): Promise<number>
  /** The answer to a four-letter word such as `mntr`. @throws Error if it is down, or does not answer for 2 s */
  fourLetterWord(n: number, word: string): Promise<string>
  /** The end of its log. */
  logTail(n: number): string
  /** Ends all processes, frozen ones too, and removes their data. Idempotent. */
  close(): Promise<void>
}

/** Starts servers with nothing in them and waits until they serve. They do not sync to the disk: a killed process loses nothing, a machine would. */
export async function startZooKeeper(
  options: ZooKeeperEnsembleOptions = {},
): Promise<ZooKeeperEnsemble> {
  const { nodes = 1, tickMs = 250, maxSessionMs = 60_000, readOnlyMode = false } = options
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-zookeeper-'))
  writeFileSync(join(folder, 'logback.xml'), LOGBACK)
  const numbers = Array.from({ length: nodes }, (_, i) => i + 1)
  // Servers that are killed come back at the same ones.
  const ports = await freePorts(3 * nodes)
  const peers = numbers.map(
    (n) => `server.${n}=127.0.0.1:${ports[nodes + n - 1]}:${ports[2 * nodes + n - 1]}`,
  )
  for (const n of numbers) {
    mkdirSync(join(folder, `${n}`))
    writeFileSync(join(folder, `${n}`, 'myid'), `${n}\n`)
    writeFileSync(
      join(folder, `${n}.cfg`),
      [
        `tickTime=${tickMs}`,
        'initLimit=40',
        'syncLimit=8',
        `dataDir=${join(folder, `${n}`)}`,
        'clientPortAddress=127.0.0.1',
        `clientPort=${ports[n - 1]}`,
        `minSessionTimeout=${2 * tickMs}`,
        `maxSessionTimeout=${maxSessionMs}`,
        'maxClientCnxns=0',
        '4lw.commands.whitelist=*',
        'admin.enableServer=false',
        ...(nodes === 1 ? [] : peers),
        '',
      ].join('\n'),
    )
  }
  const log = (n: number) => join(folder, `${n}.log`)
  const launch = (n: number) =>
    new ServerProcess(
      [
        'java',
        '-Xmx128m',
        '-Xss512k',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-Dzookeeper.forceSync=no',
        '-Dzookeeper.preAllocSize=1024',
        `-Dreadonlymode.enabled=${readOnlyMode}`,
        `-Dlogback.configurationFile=${join(folder, 'logback.xml')}`,
        '-cp',
        `${zooKeeperHome()}/lib/*`,
        MAIN,
        join(folder, `${n}.cfg`),
      ],
      { folder, log: log(n) },
    )
  const servers = new Map<number, ServerProcess>()
  const fourLetterWord = (n: number, word: string) => askWord(ports[n - 1]!, word)
  const isServing = async (n: number) => /^Mode: /m.test(await fourLetterWord(n, 'srvr'))
  const isLeader = (n: number) =>
    fourLetterWord(n, 'srvr').then(
      (answer) => /^Mode: (leader|standalone)$/m.test(answer),
      () => false,
    )
  const server = (n: number) => {
    const found = servers.get(n)
    if (found === undefined) throw new Error(`No ZooKeeper server ${n}: it was not started`)
    return found
  }
  const close = async () => {
    await Promise.all([...servers.values()].map((each) => each.stop()))
    servers.clear()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    for (const n of numbers) servers.set(n, launch(n))
    await Promise.all(numbers.map((n) => server(n).ready(() => isServing(n))))
  } catch (error) {
    await close()
    throw error
  }
  return {
    connectString: numbers.map((n) => `127.0.0.1:${ports[n - 1]}`).join(','),
    ports: ports.slice(0, nodes),
    kill: (n) => server(n).stop(),
    stop: (n) => server(n).pause(),
    resume: (n) => server(n).resume(),
    async restart(n, restart = {}) {
      await server(n).stop()
      const started = launch(n)
      servers.set(n, started)
      if (restart.isServing ?? true) await started.ready(() => isServing(n))
    },
    isLeader,
    async leader() {
      const until = Date.now() + 30_000
      while (Date.now() < until) {
        const leads = await Promise.all(numbers.map(isLeader))
        if (leads.includes(true)) return numbers[leads.indexOf(true)]!
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error('No ZooKeeper server leads')
    },
    fourLetterWord,
    logTail: (n) => readFileSync(log(n), 'utf8').split('\n').slice(-20).join('\n'),
    close,
  }
}

function askWord(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ host: '127.0.0.1', port })
    socket.setTimeout(WORD_TIMEOUT_MS, () =>
      socket.destroy(new Error(`No answer to '${word}' from ZooKeeper at port ${port}`)),
    )
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(word))
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}
