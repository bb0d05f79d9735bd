import { FLINK_TS_VERSION, FlinkError } from '@flink-ts/core'
import type { ExecutionGraphInfo, JobCode, JobGraph } from '@flink-ts/runtime'
import type { ClusterInvariants } from '../invariants/cluster-invariants.js'
import type { ClusterClient } from './cluster-client.js'
import type { ClusterTopology } from './cluster-topology.js'
import type { ModuleCache } from './module-cache.js'
import { recordProgram, type SimulatedProgram } from './record-program.js'
import { SimulatedJob } from './simulated-job.js'
import { SIMULATED_NODE_MAJOR } from './simulated-job-manager.js'
import type { SimulatedWorld } from './simulated-world.js'

export interface SimulatedJobsOptions {
  readonly world: SimulatedWorld
  readonly topology: ClusterTopology
  readonly client: ClusterClient
  readonly modules: ModuleCache
  readonly invariants: ClusterInvariants
}

/** The jobs of a simulated cluster: how they get there, and how they ended. */
export class SimulatedJobs {
  readonly #options: SimulatedJobsOptions
  readonly #jobs = new Map<string, SimulatedJob>()
  readonly #code = new Map<string, JobCode>()
  readonly #ended = new Map<string, ExecutionGraphInfo>()
  /** Whose JobManager died, without high availability. */
  readonly #lost = new Set<string>()

  constructor(options: SimulatedJobsOptions) {
    this.#options = options
  }

  /** Ids of those that will not run any more. */
  get over(): string[] {
    return [...this.#ended.keys(), ...this.#lost]
  }

  /** Those that go on, or wait for a leader. */
  get unended(): SimulatedJob[] {
    return [...this.#jobs.values()].filter(
      ({ jobId, hasEnded }) => !hasEnded && !this.#lost.has(jobId),
    )
  }

  /** The functions of a job, by its id. */
  codeOf(jobId: string): JobCode {
    return this.#code.get(jobId)!
  }

  /** Runs `program` and submits the job of its first `execute()`; see {@link recordProgram}. */
  async submit(
    program: SimulatedProgram,
    configuration: Readonly<Record<string, string>>,
  ): Promise<SimulatedJob> {
    return this.submitGraph(await this.prepare(program, configuration))
  }

  /** Runs `program`: its job is known here, but not to the cluster. */
  async prepare(
    program: SimulatedProgram,
    configuration: Readonly<Record<string, string>>,
  ): Promise<JobGraph> {
    const { world, modules } = this.#options
    const random = world.forkRandom()
    const { jobGraph, code } = await recordProgram(program, { random, configuration })
    await modules.prepare(jobGraph)
    this.#code.set(jobGraph.jobId, code)
    return jobGraph
  }

  /** Asks the leader once, by way of JobManager `from`. @throws whatever the client would be told */
  async submitOnce(jobGraph: JobGraph, from: number): Promise<SimulatedJob> {
    const { client, topology } = this.#options
    const { gateway } = topology.jobManagers.get(from)!.services.dispatcher
    if (gateway === undefined) throw notReached(jobGraph.name)
    await client.run(`an attempt to submit ${jobGraph.name}`, async () => {
      const lease = await this.#leaseProgram(jobGraph)
      try {
        await gateway.submitJob({ jobGraph: Buffer.from(JSON.stringify(lease.jobGraph)) })
      } finally {
        await lease.release()
      }
    })
    return this.register(jobGraph)
  }

  /** The job is the cluster's from now on: at its end it has to have ended, or to run. */
  register({ jobId, name }: JobGraph): SimulatedJob {
    const { client } = this.#options
    const job = new SimulatedJob({ jobId, name, client, endOf: (id) => this.#ended.get(id) })
    this.#jobs.set(jobId, job)
    return job
  }

  /** Submits a job whose functions nobody calls, or are known already. */
  async submitGraph(jobGraph: JobGraph): Promise<SimulatedJob> {
    const { client } = this.#options
    const { name } = jobGraph
    let attempts = 0
    await client.call(`the submission of job ${name}`, async (dispatcher) => {
      attempts++
      const lease = await this.#leaseProgram(jobGraph)
      try {
        return await dispatcher.submitJob({ jobGraph: Buffer.from(JSON.stringify(lease.jobGraph)) })
      } catch (error) {
        // An earlier attempt had arrived.
        if (attempts > 1 && codeOf(error) === 'FLINK_DUPLICATE_JOB_SUBMISSION') return {}
        // Another leads than the one to which the program was sent.
        if (codeOf(error) === 'FLINK_BLOB_NOT_FOUND') throw notReached(name, error)
        throw error
      } finally {
        await lease.release()
      }
    })
    return this.register(jobGraph)
  }

  /** A JobManager has told the end of a job. */
  onEnded(info: ExecutionGraphInfo): void {
    this.#options.invariants.jobEnded(info.jobId, info.status)
    if (!this.#ended.has(info.jobId)) this.#ended.set(info.jobId, info)
  }

  /** The only JobManager is gone, and nobody knows of its jobs. */
  onAllLost(): void {
    for (const { jobId } of this.unended) this.#lost.add(jobId)
  }

  /** The program lies at the JobManager that leads, as if a client had sent it there. */
  async #leaseProgram(jobGraph: JobGraph) {
    const { world, topology } = this.#options
    const { coordination } = world
    const jobManager = [...topology.jobManagers.values()].find(
      ({ process }) => coordination === undefined || process.name === coordination.leader,
    )
    if (jobManager === undefined) throw notReached(jobGraph.name)
    const { blobServer } = jobManager.services
    const { key, release } = await blobServer.lease(Buffer.from(`program of ${jobGraph.jobId}`))
    const program = {
      bundleKey: key,
      programName: 'simulated.js',
      args: [],
      environment: {},
      clientVersion: FLINK_TS_VERSION,
      nodeMajor: SIMULATED_NODE_MAJOR,
      submissionTimeMs: world.epochMs,
      randomSeed: 1,
      executeIndex: 0,
      earlierResults: [],
      submissionValues: {},
      structure: [],
      captures: {},
    }
    return { jobGraph: { ...jobGraph, program }, release }
  }
}

function notReached(job: string, cause?: unknown): FlinkError {
  return new FlinkError(`The program of job ${job} did not reach the leader`, {
    code: 'FLINK_SIMULATED_CLIENT',
    retriable: true,
    cause,
  })
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
