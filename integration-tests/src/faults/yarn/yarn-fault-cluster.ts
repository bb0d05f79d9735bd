import { cpSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { FileSystem } from '@flink-ts/core'
import type { Hadoop, NodeManager } from '../../clusters/hadoop.js'
import { type YarnApplication, type YarnContainer, YarnRest } from '../../clusters/yarn-rest.js'
import type { CommandResult } from '../../support/command.js'
import { isAlive, killHard } from '../../support/processes.js'
import { fileSystemsOf } from '../../support/remote-file-system.js'
import { PROJECT_FOLDER } from '../../support/test-cluster.js'
import { until } from '../../support/until.js'
import { ClusterFolder } from '../cluster-folder.js'
import type { ManagedCluster } from '../managed/managed-cluster.js'
import { StoppedProcesses } from '../stopped-processes.js'

const APPLICATION_ID = /application_\d+_\d+/
/** A ResourceManager that comes back, on a busy machine. */
const ANSWER_DEADLINE_MS = 120_000

/** A real YARN, to which the jobs of a fault run are brought, each with a cluster of its own. */
export class YarnFaultCluster implements ManagedCluster {
  readonly hadoop: Hadoop
  readonly #yarn: YarnRest
  readonly #fileSystem: FileSystem
  readonly #folder: ClusterFolder
  readonly #stopped = new StoppedProcesses()

  /**
   * @param folder of the clients
   * @param configuration of clusters, over what they need here
   */
  constructor(
    hadoop: Hadoop,
    folder: string,
    configuration: Readonly<Record<string, string | number>>,
  ) {
    this.hadoop = hadoop
    this.#yarn = new YarnRest(hadoop)
    const { addresses, confDir, defaultFs } = hadoop
    this.#fileSystem = fileSystemsOf({ 'webhdfs.namenodes': addresses.nameNodeHttp }).forPath(
      defaultFs,
    )
    this.#folder = new ClusterFolder(folder, { HADOOP_CONF_DIR: confDir })
    this.#folder.configure({
      'yarn.flink-ts.home-path': PROJECT_FOLDER,
      'yarn.flink-ts.node-path': process.execPath,
      'yarn.application-attempts': 1000,
      'yarn.heartbeat.interval': 1,
      ...configuration,
    })
  }

  /** Runs `flink` to its end. */
  flink(...words: string[]): Promise<CommandResult> {
    return this.#folder.flink(...words)
  }

  /** Asks the ResourceManager, again and again while it is down. */
  async ask<T>(question: (yarn: YarnRest) => Promise<T>): Promise<T> {
    const { answer } = await until(
      'the ResourceManager answers',
      async () => ({ answer: await question(this.#yarn) }),
      ANSWER_DEADLINE_MS,
    )
    return answer
  }

  application(id: string): Promise<YarnApplication> {
    return this.ask((yarn) => yarn.application(id))
  }

  /** Containers of an application that YARN believes to run: that of its JobManager, and the others. */
  async containers(
    id: string,
  ): Promise<{ readonly master: YarnContainer | undefined; readonly workers: YarnContainer[] }> {
    const containers = await this.ask((yarn) => yarn.containers(id))
    const masters = new Set(await this.ask((yarn) => yarn.masterContainers(id)))
    // Those that outlived an attempt are told once for each.
    const byId = new Map(containers.map((each) => [each.containerId, each]))
    const running = [...byId.values()].filter(({ containerState }) => containerState === 'RUNNING')
    return {
      // An attempt that has ended may be among them for a moment.
      master: running.filter(({ containerId }) => masters.has(containerId)).at(-1),
      workers: running.filter(({ containerId }) => !masters.has(containerId)),
    }
  }

  /** The NodeManager that a container is on. */
  nodeOf({ assignedNodeId }: YarnContainer): NodeManager {
    const port = assignedNodeId.slice(assignedNodeId.lastIndexOf(':'))
    const found = this.hadoop.nodeManagers.find(({ address }) => address.endsWith(port))
    if (found === undefined) throw new Error(`No NodeManager at ${assignedNodeId}`)
    return found
  }

  /** Waits until the ResourceManager has such an opinion of a node. */
  async untilNode(node: NodeManager, state: string): Promise<void> {
    const port = node.address.slice(node.address.lastIndexOf(':'))
    await until(
      `the node of ${node.name} is ${state}`,
      () =>
        this.ask(async (yarn) =>
          (await yarn.nodes()).some((each) => each.id.endsWith(port) && each.state === state),
        ),
      ANSWER_DEADLINE_MS,
    )
  }

  /** Waits until all nodes can be used. */
  async untilWell(): Promise<void> {
    await Promise.all(this.hadoop.nodeManagers.map((node) => this.untilNode(node, 'RUNNING')))
  }

  isRunning(containerId: string): boolean {
    return this.hadoop.containerProcesses(containerId).some(isAlive)
  }

  async kill(containerId: string): Promise<void> {
    for (const pid of this.hadoop.containerProcesses(containerId)) killHard(pid)
    await until(`${containerId} has ended`, () => !this.isRunning(containerId))
  }

  pause(containerId: string): void {
    this.#stopped.stop(this.hadoop.containerProcesses(containerId))
  }

  heal(): void {
    this.#stopped.resumeAll()
  }

  /** Applications that run, processes in containers and folders of applications in HDFS. */
  async leftovers(): Promise<string[]> {
    const running = await this.ask((yarn) => yarn.running())
    const processes = this.hadoop.containerProcesses().filter(isAlive)
    return [
      ...running.map(({ id, state }) => `${id}, which is ${state}`),
      ...processes.map((pid) => `process ${pid} of a container`),
      ...(await this.#stagingFolders()),
    ]
  }

  async #stagingFolders(): Promise<string[]> {
    const folder = `${this.hadoop.defaultFs}/user/${userInfo().username}/.flink-ts`
    if (!(await this.#fileSystem.exists(folder))) return []
    const entries = await this.#fileSystem.list(folder)
    return entries.map(({ path }) => path).filter((path) => APPLICATION_ID.test(path))
  }

  /** YARN keeps what it is told of clusters in files that only their owner may read. */
  async secretsShown(): Promise<string[]> {
    return []
  }

  /** An attempt each. */
  async jobManagers(): Promise<number> {
    const applications = await this.ask((yarn) => yarn.applications())
    const attempts = await Promise.all(
      applications.map(({ id }) => this.ask((yarn) => yarn.attempts(id))),
    )
    return attempts.flat().length
  }

  /** Keeps the logs of YARN and of all containers, which go with it. Nothing is started any more. */
  async close(): Promise<void> {
    this.#folder.close()
    this.heal()
    const { resourceManager, nodeManagers } = this.hadoop
    const logs = this.#folder.logDir
    for (const each of [resourceManager, ...nodeManagers]) {
      writeFileSync(join(logs, `${each.name}.log`), each.log())
    }
    for (const { name, logsFolder } of nodeManagers) {
      cpSync(logsFolder, join(logs, `containers-of-${name}`), { recursive: true })
    }
  }
}
