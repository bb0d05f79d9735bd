import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../support/free-port.js'
import { isAlive, killHard, processesWithVariable } from '../support/processes.js'
import { until } from '../support/until.js'
import {
  type HadoopAddresses,
  type HadoopOptions,
  writeHadoopConfiguration,
} from './hadoop-configuration.js'
import { hadoopJava } from './hadoop-jars.js'
import { type ExternalServer, ServerProcess } from './server-process.js'

const NAME_NODE = 'org.apache.hadoop.hdfs.server.namenode.NameNode'
const DATA_NODE = 'org.apache.hadoop.hdfs.server.datanode.DataNode'
const RESOURCE_MANAGER = 'org.apache.hadoop.yarn.server.resourcemanager.ResourceManager'
const NODE_MANAGER = 'org.apache.hadoop.yarn.server.nodemanager.NodeManager'
/** A NodeManager that has run applications would linger for 17 s after it has killed their containers. */
const LEAVE_MS = 5_000

/** A process of Hadoop. */
export interface HadoopDaemon extends ExternalServer {
  /** SIGTERM: a NodeManager kills its containers and says goodbye. Returns when the process is gone. */
  leave(): Promise<void>
  /** Starts it again without waiting for what it needs, see {@link ExternalServer.restart}. */
  launch(): Promise<void>
  /** All that it has written so far, over its restarts. */
  log(): string
}

export interface NodeManager extends HadoopDaemon {
  /** `host:port` as tokens and container reports name it. */
  readonly address: string
  readonly httpAddress: string
  /** Where the containers' logs are: `<application>/<container>/<file>`. */
  readonly logsFolder: string
}

/** A real HDFS and YARN on 127.0.0.1, a process for each daemon; they keep ports and data over restarts. */
export interface Hadoop {
  readonly folder: string
  /** For clients: `HADOOP_CONF_DIR`. */
  readonly confDir: string
  readonly addresses: HadoopAddresses
  /** `hdfs://host:port` */
  readonly defaultFs: string
  readonly nameNode: HadoopDaemon
  readonly dataNode: HadoopDaemon
  readonly resourceManager: HadoopDaemon
  readonly nodeManagers: readonly NodeManager[]
  /** Pids of what runs in containers, of killed NodeManagers too. */
  containerProcesses(containerId?: string): number[]
  /** Ends all processes, paused ones and those in containers too, and removes the files. Idempotent. */
  stop(): Promise<void>
}

/** Starts all daemons at once and waits until they serve. */
export async function startHadoop(options: HadoopOptions = {}): Promise<Hadoop> {
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-hadoop-'))
  const confDir = join(folder, 'conf')
  const count = options.nodeManagers ?? 2
  const ports = await freePorts(10 + 3 * count)
  const on = (index: number) => `127.0.0.1:${ports[index]}`
  const addresses: HadoopAddresses = {
    nameNode: on(0),
    nameNodeHttp: on(1),
    dataNode: on(2),
    dataNodeHttp: on(3),
    dataNodeIpc: on(4),
    scheduler: on(5),
    tracker: on(6),
    client: on(7),
    admin: on(8),
    resourceManagerHttp: on(9),
  }
  writeHadoopConfiguration(confDir, folder, addresses, options)
  mkdirSync(join(folder, 'tmp'))
  const java = hadoopJava(confDir, join(folder, 'tmp'))
  const processes: ServerProcess[] = []
  let isStopped = false

  const daemon = (
    name: string,
    main: string,
    args: readonly string[],
    isReady: () => Promise<boolean>,
  ) => {
    const log = join(folder, `${name}.log`)
    const process = new ServerProcess([...java, main, ...args], { folder, log })
    processes.push(process)
    return {
      ready: () => process.ready(isReady),
      ...process.asExternalServer(name, isReady),
      leave: () => process.terminate(LEAVE_MS),
      launch: () => process.restart(),
      log: () => readFileSync(log, 'utf8'),
    }
  }
  const containers = (containerId = '') =>
    Array.from({ length: count }, (_, i) => `${folder}/nm${i + 1}/`).flatMap((prefix) =>
      processesWithVariable('HADOOP_TOKEN_FILE_LOCATION', (value) => {
        return value.startsWith(prefix) && value.includes(containerId)
      }),
    )
  const stop = async () => {
    isStopped = true
    await Promise.all(processes.map((process) => process.stop()))
    await until('no container is left', () => {
      const left = containers()
      for (const pid of left) killHard(pid)
      return !left.some(isAlive)
    })
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    const dataNode = daemon('DataNode', DATA_NODE, [], () => isHdfsReady(addresses))
    const yarn = count === 0 ? undefined : startYarn()
    await format([...java, NAME_NODE, '-format', '-nonInteractive'])
    const nameNode = daemon('NameNode', NAME_NODE, [], () => isHdfsReady(addresses))
    const all = [nameNode, dataNode, ...(yarn === undefined ? [] : yarn.all)]
    await Promise.all(all.map((each) => each.ready()))
    return {
      folder,
      confDir,
      addresses,
      defaultFs: `hdfs://${addresses.nameNode}`,
      nameNode,
      dataNode,
      get resourceManager() {
        if (yarn === undefined) throw new Error('This Hadoop was started without YARN')
        return yarn.resourceManager
      },
      nodeManagers: yarn?.nodeManagers ?? [],
      containerProcesses: containers,
      async stop() {
        if (!isStopped) await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }

  function startYarn() {
    const resourceManager = daemon('ResourceManager', RESOURCE_MANAGER, [], () =>
      isActive(addresses.resourceManagerHttp),
    )
    const nodeManagers = Array.from({ length: count }, (_, i) => startNodeManager(i))
    return { resourceManager, nodeManagers, all: [resourceManager, ...nodeManagers] }
  }

  function startNodeManager(index: number) {
    const own = join(folder, `nm${index + 1}`)
    const logsFolder = join(own, 'logs')
    const [localizer, address, http] = [0, 1, 2].map((i) => on(10 + 3 * index + i))
    const settings = {
      address: address!,
      'localizer.address': localizer!,
      'webapp.address': http!,
      'local-dirs': join(own, 'local'),
      'log-dirs': logsFolder,
      'recovery.dir': join(own, 'recovery'),
    }
    const args = Object.entries(settings).flatMap(([key, value]) => [
      '-D',
      `yarn.nodemanager.${key}=${value}`,
    ])
    const isReady = () => isRegistered(addresses.resourceManagerHttp, address!, http!)
    const started = daemon(`NodeManager-${index + 1}`, NODE_MANAGER, args, isReady)
    return { ...started, address: address!, httpAddress: http!, logsFolder }
  }
}

function format(command: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`Cannot format HDFS: ${errors.slice(-2000)}`))
    })
  })
}

async function isHdfsReady(at: HadoopAddresses): Promise<boolean> {
  const bean = 'Hadoop:service=NameNode,name=FSNamesystemState'
  const { beans } = (await json(`http://${at.nameNodeHttp}/jmx?qry=${bean}`)) as {
    beans: Record<string, unknown>[]
  }
  return beans[0]?.['FSState'] === 'Operational' && beans[0]?.['NumLiveDataNodes'] === 1
}

/** Its web server answers before it schedules: then it is not yet ACTIVE. */
async function isActive(http: string): Promise<boolean> {
  const { clusterInfo } = (await json(`http://${http}/ws/v1/cluster/info`)) as {
    clusterInfo: { haState: string }
  }
  return clusterInfo.haState === 'ACTIVE'
}

async function isRegistered(rmHttp: string, address: string, http: string): Promise<boolean> {
  // The ResourceManager may still think of the process before.
  await json(`http://${http}/ws/v1/node/info`)
  const { nodes } = (await json(`http://${rmHttp}/ws/v1/cluster/nodes?states=RUNNING`)) as {
    nodes: { node: { id: string }[] } | null
  }
  const port = address.slice(address.indexOf(':'))
  return nodes?.node.some(({ id }) => id.endsWith(port)) ?? false
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  return response.json()
}
