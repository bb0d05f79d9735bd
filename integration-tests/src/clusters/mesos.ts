import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, portRow } from '../support/free-port.js'
import { isAlive, killHard, processesWithVariable } from '../support/processes.js'
import { until } from '../support/until.js'
import { MesosOperator } from './mesos-operator.js'
import { mesosPrograms } from './mesos-programs.js'
import { type ExternalServer, ServerProcess } from './server-process.js'

/** Flags of Mesos by their names, such as `allocation_interval`. */
export type MesosFlags = Readonly<Record<string, string>>

export interface MesosAgentOptions {
  /** But for ports, of which it gets some that are free. Default `cpus:8;mem:8192;disk:20000`; only counted. */
  readonly resources?: string
  /** Such as `rack:r1;zone:a`. */
  readonly attributes?: string
  readonly flags?: MesosFlags
}

export interface MesosOptions {
  /** Default 1. */
  readonly masters?: 1 | 3
  /** `host:port,…` of a ZooKeeper in which the masters elect one; needed for more than one. */
  readonly zooKeeper?: string
  /** Default one of the default size. */
  readonly agents?: readonly MesosAgentOptions[]
  /** Secrets by principal: frameworks must have one of them. */
  readonly credentials?: Readonly<Record<string, string>>
  readonly masterFlags?: MesosFlags
  readonly agentFlags?: MesosFlags
}

/** A process of Mesos; it keeps its address and data over restarts. */
export interface MesosDaemon extends ExternalServer {
  /** `host:port` */
  readonly address: string
  /** Starts it again without waiting for what it needs, see {@link ExternalServer.restart}. */
  launch(): Promise<void>
  /** All that it has written so far. */
  log(): string
}

export interface MesosAgent extends MesosDaemon {
  /** Its own folder of what it has to know again, and of sandboxes. */
  readonly workFolder: string
  /** Its own folder of what it has fetched for more than one task. */
  readonly cacheFolder: string
}

/** Where a task ran, or runs. */
export interface MesosSandbox {
  readonly frameworkId: string
  readonly taskId: string
  readonly folder: string
}

/** A real Mesos on 127.0.0.1, a process for each daemon. */
export interface MesosCluster {
  readonly folder: string
  /** `mesos.master`: that of the one master, or of ZooKeeper. */
  readonly address: string
  readonly masters: readonly MesosDaemon[]
  readonly agents: readonly MesosAgent[]
  readonly operator: MesosOperator
  /** The master that leads. */
  leader(): Promise<MesosDaemon>
  /** Pids of what tasks run, without their executors; of killed agents too. */
  taskProcesses(taskId?: string): number[]
  /** Pids of what agents have started to run a task. */
  executorProcesses(taskId: string): number[]
  sandboxes(): MesosSandbox[]
  /** Ends all processes, paused ones and those of tasks too, and removes the files. Idempotent. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const RESOURCES = 'cpus:8;mem:8192;disk:20000'
const PORTS = 50
const READY_MS = 60_000
/** The mark of a run of tests, by which what is left over is found. */
const MARK = 'FLINK_TS_TEST_RUN'
/** With fewer, a master that has a ZooKeeper can come to a stop. */
const THREADS = '16'
const COMMON: MesosFlags = {
  hostname: HOST,
  zk_session_timeout: '3secs',
}
const MASTER: MesosFlags = {
  allocation_interval: '200ms',
  agent_ping_timeout: '1secs',
  max_agent_ping_timeouts: '3',
}
const AGENT: MesosFlags = {
  containerizers: 'mesos',
  launcher: 'posix',
  isolation: 'posix/cpu,posix/mem,filesystem/posix',
  switch_user: 'false',
  systemd_enable_support: 'false',
  http_command_executor: 'true',
  registration_backoff_factor: '100ms',
}

/** Starts all daemons at once and waits until one master leads and knows all agents. */
export async function startMesos(options: MesosOptions = {}): Promise<MesosCluster> {
  const { masters: masterCount = 1, zooKeeper, agents: agentOptions = [{}] } = options
  if (masterCount > 1 && zooKeeper === undefined) {
    throw new Error(`${masterCount} masters need a ZooKeeper to elect one`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-mesos-'))
  const programs = mesosPrograms()
  const ports = await freePorts(masterCount + agentOptions.length)
  const rows = await portRows(agentOptions.length)
  const addresses = ports.slice(0, masterCount).map((port) => `${HOST}:${port}`)
  const address = zooKeeper === undefined ? addresses[0]! : `zk://${zooKeeper}/mesos-${ports[0]}`
  const operator = new MesosOperator(addresses)
  const processes: ServerProcess[] = []
  let isStopped = false

  const daemon = (
    name: string,
    port: number,
    words: readonly string[],
    flags: MesosFlags,
    isReady: () => Promise<boolean>,
  ) => {
    const log = join(folder, `${name}.log`)
    const stores = { appc_store_dir: 'appc', docker_store_dir: 'docker' }
    const own = Object.entries(stores).map(([key, store]) => [key, join(folder, name, store)])
    const all = { ...COMMON, ...Object.fromEntries(own), ...flags }
    const process = new ServerProcess([join(programs, 'host'), ...words], {
      folder,
      log,
      environment: {
        LIBPROCESS_IP: HOST,
        LIBPROCESS_PORT: String(port),
        LIBPROCESS_NUM_WORKER_THREADS: THREADS,
        ...Object.fromEntries(
          Object.entries(all).map(([key, value]) => [`MESOS_${key.toUpperCase()}`, value]),
        ),
      },
    })
    processes.push(process)
    return {
      ready: () => process.ready(isReady, READY_MS),
      ...process.asExternalServer(name, isReady),
      address: `${HOST}:${port}`,
      launch: () => process.restart(),
      log: () => readFileSync(log, 'utf8'),
    }
  }
  const startMaster = (port: number, index: number) =>
    daemon(
      `master-${index + 1}`,
      port,
      [
        'master',
        join(folder, `master-${index + 1}`),
        ...(zooKeeper === undefined ? [] : [address]),
      ],
      {
        ...MASTER,
        ...(zooKeeper === undefined
          ? { registry: 'in_memory' }
          : { registry: 'replicated_log', quorum: String(Math.floor(masterCount / 2) + 1) }),
        ...credentialFlags(folder, options.credentials),
        ...options.masterFlags,
      },
      async () => (await fetch(`http://${HOST}:${port}/health`)).ok,
    )
  const startAgent = ({ resources, attributes, flags }: MesosAgentOptions, index: number) => {
    const name = `agent-${index + 1}`
    const port = ports[masterCount + index]!
    const workFolder = join(folder, name)
    const started = daemon(
      name,
      port,
      ['agent', workFolder, address],
      {
        ...AGENT,
        launcher_dir: programs,
        executor_environment_variables: JSON.stringify({
          PATH: process.env['PATH'],
          ...(process.env[MARK] === undefined ? {} : { [MARK]: process.env[MARK] }),
        }),
        resources: `${resources ?? RESOURCES};ports:[${rows[index]!}-${rows[index]! + PORTS - 1}]`,
        ...(attributes === undefined ? {} : { attributes }),
        ...options.agentFlags,
        ...flags,
      },
      async () => {
        // The master may still think of the process before.
        await fetch(`http://${HOST}:${port}/health`)
        return (await operator.agents()).some((each) => each.port === port && each.active)
      },
    )
    const own = join(workFolder, 'agents', '0')
    return { ...started, workFolder: join(own, 'work'), cacheFolder: join(own, 'fetch') }
  }
  const taskProcesses = (taskId?: string) =>
    processesWithVariable('MESOS_SANDBOX', (value) => {
      return (
        value.startsWith(`${folder}/`) && (taskId === undefined || value.includes(`/${taskId}/`))
      )
    })
  const stop = async () => {
    isStopped = true
    await Promise.all(processes.map((process) => process.stop()))
    await until('no task is left', () => {
      const left = taskProcesses()
      for (const pid of left) killHard(pid)
      return !left.some(isAlive)
    })
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    const masters = ports.slice(0, masterCount).map(startMaster)
    const agents = agentOptions.map(startAgent)
    await Promise.all([...masters, ...agents].map((each) => each.ready()))
    await until('a master leads', () => operator.leader(), READY_MS)
    return {
      folder,
      address,
      masters,
      agents,
      operator,
      async leader() {
        const leading = await operator.leader()
        return masters.find((each) => each.address === leading)!
      },
      taskProcesses: (taskId) => taskProcesses(taskId).filter((pid) => !isExecutor(pid)),
      executorProcesses: (taskId) => taskProcesses(taskId).filter(isExecutor),
      sandboxes: () => agents.flatMap(({ workFolder }) => sandboxesIn(workFolder)),
      async stop() {
        if (!isStopped) await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Agents on one machine have different ones. */
async function portRows(count: number): Promise<number[]> {
  const rows = new Set<number>()
  while (rows.size < count) rows.add(await portRow(PORTS))
  return [...rows]
}

function credentialFlags(folder: string, credentials: MesosOptions['credentials']): MesosFlags {
  if (credentials === undefined) return {}
  const file = join(folder, 'credentials.json')
  const list = Object.entries(credentials).map(([principal, secret]) => ({ principal, secret }))
  writeFileSync(file, JSON.stringify({ credentials: list }), { mode: 0o600 })
  return {
    credentials: `file://${file}`,
    authenticate_http_frameworks: 'true',
    http_framework_authenticators: 'basic',
  }
}

/** What the agent starts before the command of a task. */
function isExecutor(pid: number): boolean {
  try {
    return /mesos-(executor|containerizer)|\/executor\.mjs/.test(
      readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    )
  } catch {
    // It has ended meanwhile.
    return false
  }
}

function sandboxesIn(workFolder: string): MesosSandbox[] {
  const names = (path: string) => (existsSync(path) ? readdirSync(path) : [])
  const slaves = join(workFolder, 'slaves')
  return names(slaves).flatMap((slave) => {
    const frameworks = join(slaves, slave, 'frameworks')
    return names(frameworks).flatMap((frameworkId) => {
      const executors = join(frameworks, frameworkId, 'executors')
      return names(executors).flatMap((taskId) => {
        const runs = join(executors, taskId, 'runs')
        return names(runs)
          .filter((run) => run !== 'latest')
          .map((run) => ({ frameworkId, taskId, folder: join(runs, run) }))
      })
    })
  })
}
