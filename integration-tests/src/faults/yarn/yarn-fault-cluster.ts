import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { FileSystem } from '@flink-ts/core'
import type { Hadoop, NodeManager } from '../../clusters/hadoop.js'
import { type YarnApplication, type YarnContainer, YarnRest } from '../../clusters/yarn-rest.js'
import { Command, type CommandResult } from '../../support/command.js'
import { isAlive, killHard } from '../../support/processes.js'
import { fileSystemsOf } from '../../support/remote-file-system.js'
import { PROJECT_FOLDER } from '../../support/test-cluster.js'
import { until } from '../../support/until.js'

const APPLICATION_ID = /application_\d+_\d+/
/** A ResourceManager that comes back, on a busy machine. */
const ANSWER_DEADLINE_MS = 120_000

/** A real YARN, to which the jobs of a fault run are brought, each with a cluster of its own. */
export class YarnFaultCluster {
  readonly hadoop: Hadoop
  readonly #yarn: YarnRest
  readonly #fileSystem: FileSystem
  readonly #folder: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #paused = new Set<number>()
  #isClosed = false

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
    this.#folder = folder
    this.#yarn = new YarnRest(hadoop)
    const { addresses, confDir, defaultFs } = hadoop
    this.#fileSystem = fileSystemsOf({ 'webhdfs.namenodes': addresses.nameNodeHttp }).forPath(
      defaultFs,
    )
    const { NODE_OPTIONS: _runner, ...environment } = process.env
    this.#environment = {
      ...environment,
      FLINK_CONF_DIR: join(folder, 'conf'),
      FLINK_LOG_DIR: join(folder, 'log'),
      HADOOP_CONF_DIR: confDir,
    }
    mkdirSync(join(folder, 'conf'), { recursive: true })
    const all = {
      'jobmanager.memory.process.size': '1600m',
      'taskmanager.memory.process.size': '1728m',
      'yarn.flink-ts.home-path': PROJECT_FOLDER,
      'yarn.flink-ts.node-path': process.execPath,
      'yarn.application-attempts': 1000,
      'yarn.heartbeat.interval': 1,
      ...configuration,
    }
    const lines = Object.entries(all).map(([key, value]) => `${key}: ${value}\n`)
    writeFileSync(join(folder, 'conf', 'flink-conf.yaml'), lines.join(''))
  }

  /** Runs `flink` to its end. */
  flink(...words: string[]): Promise<CommandResult> {
    if (this.#isClosed) throw new Error('flink is not started: the cluster is closed')
    return new Command(join(PROJECT_FOLDER, 'bin', 'flink'), words, {
      cwd: this.#folder,
      environment: this.#environment,
    }).result()
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
  async untilAllNodes(): Promise<void> {
    await Promise.all(this.hadoop.nodeManagers.map((node) => this.untilNode(node, 'RUNNING')))
  }

  /** Whether processes of a container run, whatever YARN thinks of it. */
  isRunning(containerId: string): boolean {
    return this.hadoop.containerProcesses(containerId).some(isAlive)
  }

  /** SIGKILL to all processes of a container; returns when they are gone. */
  async kill({ containerId }: YarnContainer): Promise<void> {
    for (const pid of this.hadoop.containerProcesses(containerId)) killHard(pid)
    await until(`${containerId} has ended`, () => !this.isRunning(containerId))
  }

  /** SIGSTOP to all processes of a container, until {@link heal}. */
  pause({ containerId }: YarnContainer): void {
    for (const pid of this.hadoop.containerProcesses(containerId)) {
      this.#paused.add(pid)
      process.kill(pid, 'SIGSTOP')
    }
  }

  /** Nobody is stopped any more. */
  heal(): void {
    for (const pid of this.#paused) if (isAlive(pid)) process.kill(pid, 'SIGCONT')
    this.#paused.clear()
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

  /** Attempts of all applications so far. */
  async attempts(): Promise<number> {
    const applications = await this.ask((yarn) => yarn.applications())
    const attempts = await Promise.all(
      applications.map(({ id }) => this.ask((yarn) => yarn.attempts(id))),
    )
    return attempts.flat().length
  }

  /** Keeps the logs of YARN and of all containers, which go with it. Nothing is started any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.heal()
    const { resourceManager, nodeManagers } = this.hadoop
    const logs = join(this.#folder, 'log')
    mkdirSync(logs, { recursive: true })
    for (const each of [resourceManager, ...nodeManagers]) {
      writeFileSync(join(logs, `${each.name}.log`), each.log())
    }
    for (const { name, logsFolder } of nodeManagers) {
      cpSync(logsFolder, join(logs, `containers-of-${name}`), { recursive: true })
    }
  }
}
