import type { SimulatedNetworkEvent } from '@flink-ts/rpc'
import { EXECUTION_STATE_TRANSITIONS, JOB_STATUS_TRANSITIONS } from '@flink-ts/runtime'
import type { LogObservation, SimulatedWorld } from '../cluster/simulated-world.js'

type Table = Readonly<Record<string, readonly string[]>>

interface Subtask {
  attemptId: string
  attemptNumber: number
  state: string
}

/** Ids of JobMaster endpoints begin so, then comes the id of the job. */
const JOB_MASTER = 'jobmanager_'
const REPORTED: readonly string[] = ['INITIALIZING', 'RUNNING', 'FINISHED']
const ENDED: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED']
/** No JobMaster goes on with such a job. */
const OVER: readonly string[] = [...ENDED, 'SUSPENDED']

/**
 * What must hold at every moment, read from the state changes that the components log (level debug
 * included): jobs and tasks follow their tables, a job that has ended stays as it is, also under a
 * later leader; a subtask has one attempt that has not ended, which counts as running or finished only after a TaskManager said so
 * of this very attempt; a slot belongs to one allocation and an allocation to one job.
 */
export class ClusterInvariants {
  readonly #world: SimulatedWorld
  /** Status of each job in each process that runs, or ran, its JobMaster: `<process> <job>`. */
  readonly #jobs = new Map<string, string>()
  /** How a job ended for everybody: its end was told. */
  readonly #ends = new Map<string, string>()
  /** The last call to a JobMaster, by the id of its job; with '' those by JobMasters. */
  readonly #lastCalls = new Map<string, { readonly atMs: number; readonly what: string }>()
  readonly #subtasks = new Map<string, Subtask>()
  /** `<TaskManager>/<slot number>` to allocation; the TaskManagers' own view. */
  readonly #slots = new Map<string, string>()
  /** `<attempt> <state>`, as TaskManagers have it. */
  readonly #reports = new Set<string>()
  readonly #jobOfAllocation = new Map<string, string>()

  constructor(world: SimulatedWorld) {
    this.#world = world
  }

  observe({ source, message, fields }: LogObservation): void {
    if (message === 'Task changed its state' && 'state' in fields) {
      this.#reports.add(`${fields['executionAttemptId']} ${fields['state']}`)
    }
    const { from, to } = fields as { from?: string; to?: string }
    if (from === undefined || to === undefined) return
    if (message === 'Job changed its state') {
      this.#jobChanged(source, String(fields['jobId']), from, to)
    }
    if (message === 'Task changed its state' && 'executionAttemptId' in fields) {
      this.#attemptChanged(String(fields['executionAttemptId']), from, to)
    }
    if (message === 'Slot changed' && !('resourceId' in fields)) {
      this.#slotChanged(source, fields as unknown as SlotChange)
    }
  }

  /** Who is spoken with: nobody may need a JobMaster whose job has ended. */
  observeCall(event: SimulatedNetworkEvent): void {
    if (event.kind !== 'deliver') return
    const { method, endpointId, atMs } = event
    const jobMaster = endpointId.startsWith(JOB_MASTER) ? endpointId : undefined
    if (jobMaster === undefined && method !== 'heartbeatFromJobMaster') return
    const jobId = jobMaster?.slice(JOB_MASTER.length, JOB_MASTER.length + 32) ?? ''
    this.#lastCalls.set(jobId, { atMs, what: `${endpointId}.${method}` })
  }

  /** The last call to a JobMaster of these jobs, or by any JobMaster; virtual time. */
  lastCallForJobs(jobIds: readonly string[]): { readonly atMs: number; readonly what: string } {
    let last = { atMs: -1, what: 'nothing' }
    for (const jobId of ['', ...jobIds]) {
      const call = this.#lastCalls.get(jobId)
      if (call !== undefined && call.atMs > last.atMs) last = call
    }
    return last
  }

  /** A JobManager tells that a job has ended: so it stays. */
  jobEnded(jobId: string, status: string): void {
    const known = this.#ends.get(jobId)
    if (known !== undefined && known !== status) {
      this.#world.violated(`job ${jobId} ended ${known} and then ${status}`)
    }
    this.#ends.set(jobId, status)
  }

  /** JobMasters that have not ended and run elsewhere than the only process that may: `<process> <job>`. */
  jobMastersBeside(leader: string): string[] {
    return [...this.#jobs]
      .filter(([key, status]) => !key.startsWith(`${leader} `) && !OVER.includes(status))
      .map(([key]) => key)
  }

  /** The process is gone, and with it its slots and JobMasters. */
  processEnded(name: string): void {
    for (const key of this.#slots.keys()) if (key.startsWith(`${name}/`)) this.#slots.delete(key)
    for (const key of this.#jobs.keys()) if (key.startsWith(`${name} `)) this.#jobs.delete(key)
  }

  /** Slots that belong to a job now, as `<TaskManager>/<slot number>`. */
  get heldSlots(): readonly string[] {
    return [...this.#slots.keys()]
  }

  #jobChanged(source: string, jobId: string, from: string, to: string): void {
    this.#checkTable(JOB_STATUS_TRANSITIONS, `job ${jobId}`, from, to)
    const key = `${source} ${jobId}`
    const known = this.#jobs.get(key)
    const isAnotherTerm = from === 'INITIALIZING'
    if (known !== undefined && OVER.includes(known) && !isAnotherTerm) {
      this.#world.violated(`job ${jobId} was ${known} on ${source} and went from ${from} to ${to}`)
    }
    this.#jobs.set(key, to)
    const end = this.#ends.get(jobId)
    const leader = this.#world.coordination?.leader ?? source
    if (end !== undefined && leader === source && isAnotherTerm) {
      this.#world.violated(`job ${jobId} had ended ${end} and is run again on ${source}`)
    }
  }

  #attemptChanged(attemptId: string, from: string, to: string): void {
    this.#checkTable(EXECUTION_STATE_TRANSITIONS, `attempt ${attemptId}`, from, to)
    if (REPORTED.includes(to) && !this.#reports.has(`${attemptId} ${to}`)) {
      this.#world.violated(`attempt ${attemptId} became ${to}, which no TaskManager reported`)
    }
    const end = attemptId.lastIndexOf('_')
    const subtask = attemptId.slice(0, end)
    const attemptNumber = Number(attemptId.slice(end + 1))
    const known = this.#subtasks.get(subtask)
    if (known !== undefined && known.attemptId !== attemptId) {
      if (!ENDED.includes(known.state)) {
        this.#world.violated(
          `attempt ${attemptId} is ${to} while ${known.attemptId} is ${known.state}`,
        )
      }
      if (known.attemptNumber >= attemptNumber) {
        this.#world.violated(`attempt ${attemptId} became ${to} after ${known.attemptId}`)
      }
    }
    this.#subtasks.set(subtask, { attemptId, attemptNumber, state: to })
  }

  #slotChanged(source: string, { slotNumber, jobId, allocationId, from, to }: SlotChange): void {
    const key = `${source}/${slotNumber}`
    const holder = this.#slots.get(key)
    if (from === 'free') {
      if (holder !== undefined) {
        this.#world.violated(`slot ${key} was given as ${allocationId} while ${holder} holds it`)
      }
    } else if (holder !== allocationId) {
      this.#world.violated(`slot ${key} changed for ${allocationId} while ${holder} holds it`)
    }
    const owner = this.#jobOfAllocation.get(allocationId) ?? jobId
    if (owner !== jobId) {
      this.#world.violated(`allocation ${allocationId} of job ${owner} went to job ${jobId}`)
    }
    this.#jobOfAllocation.set(allocationId, jobId)
    if (to === 'free') this.#slots.delete(key)
    else this.#slots.set(key, allocationId)
  }

  #checkTable(table: Table, subject: string, from: string, to: string): void {
    if (table[from]?.includes(to)) return
    this.#world.violated(`${subject} went from ${from} to ${to}, which its table does not allow`)
  }
}

interface SlotChange {
  readonly slotNumber: number
  readonly jobId: string
  readonly allocationId: string
  readonly from: string
  readonly to: string
}
