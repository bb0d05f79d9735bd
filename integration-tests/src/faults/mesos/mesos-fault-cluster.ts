import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SystemClock } from '@flink-ts/core'
import { readClusterSecret, restToken } from '@flink-ts/core/security'
import { RestClusterClient } from '@flink-ts/rest/client'
import type { MesosAgent, MesosCluster } from '../../clusters/mesos.js'
import type { MesosFramework, MesosOperator, MesosTask } from '../../clusters/mesos-operator.js'
import type { CommandResult } from '../../support/command.js'
import { freePorts } from '../../support/free-port.js'
import { isAlive, killHard, processesWith } from '../../support/processes.js'
import { PROJECT_FOLDER } from '../../support/test-cluster.js'
import { until } from '../../support/until.js'
import { ClusterFolder } from '../cluster-folder.js'
import type { Coordination } from '../coordination.js'
import type { ManagedCluster } from '../managed/managed-cluster.js'
import { StoppedProcesses } from '../stopped-processes.js'
import { JobManagerSupervisor } from './job-manager-supervisor.js'

/** Masters that come back and elect one, a JobManager that is started again, on a busy machine. */
const ANSWER_DEADLINE_MS = 120_000
/** Frozen processes take connections: nobody waits for their answers for long. */
const REST_TIMEOUT_MS = 5000
/** In the configuration of all clusters; nobody may see it in Mesos. */
const PASSWORD = 'nobody-sees-this-password'

interface JobManager {
  readonly supervisor: JobManagerSupervisor
  readonly restAddress: string
}

export interface MesosFaultClusterOptions {
  readonly mesos: MesosCluster
  /** Where JobManagers keep what the next ones need. */
  readonly coordination: Coordination
  /** Of the JobManagers and clients. */
  readonly folder: string
  /** Of clusters, over what they need here. */
  readonly configuration: Readonly<Record<string, string | number>>
  /** More variables of JobManagers and clients; `FLINK_NODE` is what TaskManagers run with, too. */
  readonly environment?: NodeJS.ProcessEnv | undefined
}

/** A real Mesos, to which the jobs of a fault run are brought, one cluster after the other. */
export class MesosFaultCluster implements ManagedCluster {
  readonly mesos: MesosCluster
  readonly coordination: Coordination
  readonly #folder: ClusterFolder
  readonly #stopped = new StoppedProcesses()
  #jobManagers: JobManager[] = []
  #script = ''
  #words: readonly string[] = []
  #starts = 0

  constructor({
    mesos,
    coordination,
    folder,
    configuration,
    environment = {},
  }: MesosFaultClusterOptions) {
    this.mesos = mesos
    this.coordination = coordination
    this.#folder = new ClusterFolder(folder, environment)
    this.#folder.configure({
      'mesos.master': mesos.address,
      'mesos.flink-ts.home-path': PROJECT_FOLDER,
      'mesos.flink-ts.node-path': environment['FLINK_NODE'] ?? process.execPath,
      'jobmanager.rpc.address': '127.0.0.1',
      'io.tmp.dirs': this.#folder.tmpDir,
      's3.secret-key': PASSWORD,
      ...configuration,
    })
  }

  get operator(): MesosOperator {
    return this.mesos.operator
  }

  async jobManagers(): Promise<number> {
    return this.#starts
  }

  /** The JobManager that is under supervision. */
  get jobManager(): JobManagerSupervisor {
    return this.#jobManagers[0]!.supervisor
  }

  /** How the JobManager has ended in order; undefined while there is one, or will be again. */
  get exitCode(): number | undefined {
    return this.#jobManagers[0]?.supervisor.exitCode
  }

  /** Starts a cluster, after the one before has ended, and waits until its framework is registered and its REST API answers. */
  async begin(script: string, words: readonly string[]): Promise<void> {
    this.#script = script
    this.#words = words
    this.#jobManagers = [await this.#newJobManager()]
    await this.#within('the framework is registered', async () => {
      const { exitCode, output } = this.jobManager
      if (exitCode !== undefined) throw new Final(new Error(`${script} has ended: ${output}`))
      return (await this.operator.frameworks()).some(({ connected }) => connected)
    })
  }

  /** Starts another JobManager beside the one there is, which comes after it; {@link dismissFirst} is to follow. */
  async addJobManager(): Promise<void> {
    this.#jobManagers.push(await this.#newJobManager())
  }

  /** Ends the first of two JobManagers. */
  async dismissFirst(): Promise<void> {
    const first = this.#jobManagers.shift()!
    await first.supervisor.dismiss()
  }

  async #newJobManager(): Promise<JobManager> {
    const [port] = await freePorts(1)
    const start = () => {
      this.#starts++
      return this.#folder.command(this.#script, [`-Drest.port=${port}`, ...this.#words])
    }
    return { supervisor: new JobManagerSupervisor(start), restAddress: `127.0.0.1:${port}` }
  }

  /** Ends a session as its owner does. */
  async shutDown(): Promise<void> {
    await this.ask((rest) => rest.shutDownCluster())
    await this.untilEnded()
  }

  /** Waits until the cluster has ended by itself. */
  async untilEnded(): Promise<void> {
    await this.#within('the JobManager has ended', async () => this.exitCode !== undefined)
  }

  /** Runs an action of `flink` on the cluster to its end. */
  flink(action: string, ...words: string[]): Promise<CommandResult> {
    const { restAddress } = this.#jobManagers[0]!
    return this.#folder.flink(action, '-m', restAddress, ...words)
  }

  /** Asks whichever JobManager answers; again and again while none does. @throws what they refuse */
  ask<T>(question: (rest: RestClusterClient) => Promise<T>): Promise<T> {
    return this.#within('a JobManager answers', async () => {
      const found = await this.tryToAsk(question)
      if (found === undefined && this.exitCode !== undefined) {
        throw new Final(new Error(`the JobManager has ended with ${this.exitCode}`))
      }
      return found
    }).then(({ answer }) => answer)
  }

  /** Asks whichever JobManager answers now. @returns undefined if none does; @throws what they refuse */
  async tryToAsk<T>(
    question: (rest: RestClusterClient) => Promise<T>,
  ): Promise<{ readonly answer: T } | undefined> {
    for (const { restAddress, supervisor } of this.#jobManagers) {
      if (!supervisor.isAlive) continue
      try {
        return { answer: await question(this.#rest(restAddress)) }
      } catch (error) {
        if ((error as { retriable?: boolean }).retriable !== true) throw new Final(error)
      }
    }
    return undefined
  }

  /** Tasks that have not ended, as the master believes. Asks again and again while none leads. */
  tasks(): Promise<MesosTask[]> {
    return this.#within('a master tells its tasks', () => this.operator.tasks())
  }

  /** Registered ones. Asks again and again while no master leads. */
  frameworks(): Promise<MesosFramework[]> {
    return this.#within('a master tells its frameworks', () => this.operator.frameworks())
  }

  /** Waits until a master leads, it knows all agents, and the framework has come back to it. */
  async untilWell(): Promise<void> {
    const { agents } = this.mesos
    await this.#within('Mesos is well', async () => {
      const active = (await this.operator.agents()).filter((each) => each.active)
      const isThere = agents.every(({ address }) =>
        active.some(({ port }) => address.endsWith(`:${port}`)),
      )
      if (!isThere) return false
      if (this.exitCode !== undefined || this.#jobManagers.length === 0) return true
      return (await this.operator.frameworks()).some(({ connected }) => connected)
    })
  }

  /** The process of an agent. */
  async agent(id: string): Promise<MesosAgent> {
    const { port } = await this.#within('the agent is known', async () =>
      (await this.operator.agents()).find((each) => each.id === id),
    )
    return this.mesos.agents.find(({ address }) => address.endsWith(`:${port}`))!
  }

  isRunning(taskId: string): boolean {
    return this.mesos.taskProcesses(taskId).some(isAlive)
  }

  async kill(taskId: string): Promise<void> {
    for (const pid of this.mesos.taskProcesses(taskId)) killHard(pid)
    await until(`${taskId} has ended`, () => !this.isRunning(taskId))
  }

  /** SIGKILL to the executor of a task alone; returns when Mesos has noticed. What it ran is nobody's child then. */
  async killExecutor(taskId: string): Promise<void> {
    for (const pid of this.mesos.executorProcesses(taskId)) killHard(pid)
    await until(`Mesos has given ${taskId} up`, async () => {
      return !(await this.tasks()).some(({ id }) => id === taskId)
    })
  }

  pause(taskId: string): void {
    this.#stopped.stop(this.mesos.taskProcesses(taskId))
  }

  heal(): void {
    this.#stopped.resumeAll()
    for (const { supervisor } of this.#jobManagers) {
      supervisor.resume()
      supervisor.release()
    }
  }

  /** Frameworks, tasks, their processes and those of JobManagers. */
  async leftovers(): Promise<string[]> {
    const frameworks = await this.operator.frameworks()
    return [
      ...frameworks.map(({ id }) => `framework ${id}`),
      ...(await this.operator.tasks()).map(({ id, state }) => `task ${id}, which is ${state}`),
      ...this.mesos
        .taskProcesses()
        .filter(isAlive)
        .map((pid) => `process ${pid} of a task`),
      ...processesWith(this.#folder.confDir).map((pid) => `process ${pid} of the cluster`),
    ]
  }

  /** Which secrets the masters and agents tell everybody. */
  async secretsShown(): Promise<string[]> {
    const secret = readClusterSecret(join(this.#folder.confDir, 'cluster-secret'))
    const secrets = {
      'the password': PASSWORD,
      ...(secret && { 'the secret': secret.fileText().trim(), 'the token': restToken(secret) }),
    }
    const agents = await Promise.all(
      this.mesos.agents.map(async ({ address }) => (await fetch(`http://${address}/state`)).text()),
    )
    const told = [await this.operator.everything(), ...agents].join('\n')
    return Object.entries(secrets).flatMap(([name, text]) =>
      told.includes(text) ? `${name}, which Mesos tells everybody` : [],
    )
  }

  /** Keeps the logs of Mesos, which go with it. Nothing is started any more. */
  async close(): Promise<void> {
    this.#folder.close()
    this.heal()
    await Promise.all(this.#jobManagers.map(({ supervisor }) => supervisor.dismiss()))
    for (const pid of processesWith(this.#folder.confDir)) killHard(pid)
    for (const each of [...this.mesos.masters, ...this.mesos.agents]) {
      writeFileSync(join(this.#folder.logDir, `${each.name}.log`), each.log())
    }
  }

  #rest(address: string): RestClusterClient {
    const secret = readClusterSecret(join(this.#folder.confDir, 'cluster-secret'))
    return new RestClusterClient({
      address,
      clock: new SystemClock(),
      timeoutMs: REST_TIMEOUT_MS,
      ...(secret === undefined ? {} : { secret }),
    })
  }

  #within<T>(what: string, question: () => Promise<T>): Promise<Exclude<T, undefined | false>> {
    return until(what, question, ANSWER_DEADLINE_MS, (error) => error instanceof Final).catch(
      (error) => {
        throw error instanceof Final ? error.cause : error
      },
    )
  }
}

/** Nothing is to be hoped for by asking again. */
class Final extends Error {
  constructor(cause: unknown) {
    super('final', { cause })
  }
}
