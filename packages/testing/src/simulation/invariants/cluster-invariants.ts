import { EXECUTION_STATE_TRANSITIONS, JOB_STATUS_TRANSITIONS } from '@flink-ts/runtime'
import type { LogObservation, SimulatedWorld } from '../cluster/simulated-world.js'

type Table = Readonly<Record<string, readonly string[]>>

interface Subtask {
  attemptId: string
  attemptNumber: number
  state: string
}

const REPORTED: readonly string[] = ['INITIALIZING', 'RUNNING', 'FINISHED']
const ENDED: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED']

/**
 * What must hold at every moment, read from the state changes that the components log (level debug
 * included): jobs and tasks follow their tables, a job that has ended stays as it is, a subtask has
 * one attempt that has not ended, which counts as running or finished only after a TaskManager said so
 * of this very attempt; a slot belongs to one allocation and an allocation to one job.
 */
export class ClusterInvariants {
  readonly #world: SimulatedWorld
  readonly #jobs = new Map<string, string>()
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
    if (message === 'Job changed its state') this.#jobChanged(String(fields['jobId']), from, to)
    if (message === 'Task changed its state' && 'executionAttemptId' in fields) {
      this.#attemptChanged(String(fields['executionAttemptId']), from, to)
    }
    if (message === 'Slot changed' && !('resourceId' in fields)) {
      this.#slotChanged(source, fields as unknown as SlotChange)
    }
  }

  /** The process is gone, and with it its slots. */
  processEnded(name: string): void {
    for (const key of this.#slots.keys()) if (key.startsWith(`${name}/`)) this.#slots.delete(key)
  }

  /** Slots that belong to a job now, as `<TaskManager>/<slot number>`. */
  get heldSlots(): readonly string[] {
    return [...this.#slots.keys()]
  }

  /** Status of each job that was seen, in the order of their first change. */
  get jobs(): ReadonlyMap<string, string> {
    return this.#jobs
  }

  #jobChanged(jobId: string, from: string, to: string): void {
    this.#checkTable(JOB_STATUS_TRANSITIONS, `job ${jobId}`, from, to)
    const known = this.#jobs.get(jobId)
    if (known !== undefined && ENDED.includes(known)) {
      this.#world.violated(`job ${jobId} was ${known} and became ${to}`)
    }
    this.#jobs.set(jobId, to)
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
