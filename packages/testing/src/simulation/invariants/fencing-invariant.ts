import type { SimulatedNetworkEvent } from '@flink-ts/rpc'
import type { LogObservation } from '../cluster/simulated-world.js'

/** What only the leader that a TaskManager follows may have it do. */
const OF_JOB_MASTERS = new Set(['submitTask', 'heartbeatFromJobMaster'])
const OF_RESOURCE_MANAGERS = new Set(['requestSlot', 'heartbeatFromResourceManager'])

type Event<K extends SimulatedNetworkEvent['kind']> = Extract<SimulatedNetworkEvent, { kind: K }>

/** A TaskManager's registration of one kind: at the ResourceManager, or at the JobMaster of a job. */
interface Registrations {
  /** Address of each leader to the number of the event by which a registration reached it last. */
  readonly reached: Map<string, number>
  /** Address of the leader that has consented last. */
  follows: string | undefined
}

/**
 * Whoever has lost its leadership is obeyed by no TaskManager that follows a later leader, read from the
 * messages alone: once a TaskManager has registered at a leader, calls of one where it had registered
 * before are not answered but by an error.
 */
export class FencingInvariant {
  readonly #violated: (what: string) => void
  /** `<TaskManager> <job, or '' for the ResourceManager>`. */
  readonly #registrations = new Map<string, Registrations>()
  /** Calls under way, by id, to the job that they are about; '' for none. */
  readonly #calls = new Map<number, string>()
  readonly #jobIds = new Set<string>()
  /** Of processes, by their name. */
  readonly #addresses = new Map<string, string>()
  #events = 0

  constructor(violated: (what: string) => void) {
    this.#violated = violated
  }

  observe(event: SimulatedNetworkEvent): void {
    this.#events++
    if (event.kind === 'send') this.#sent(event)
    else if (event.kind === 'deliver') this.#delivered(event)
    else if (event.kind === 'reply') this.#replied(event)
    else if (event.kind === 'crash' || event.kind === 'detach') this.#gone(event.address)
  }

  /** A TaskManager says whom it follows. */
  observeLog({ source, message, fields }: LogObservation): void {
    if (message !== 'Registered' || fields['component'] !== 'TaskExecutor') return
    if (!this.#addresses.has(source)) return
    const [, leader, endpointId] = /(\S+)\/(\S+)$/.exec(String(fields['target']))!
    const [, jobId = ''] = endpointId!.split('_')
    this.#of(this.#addresses.get(source)!, jobId).follows = leader
  }

  #sent({ callId, endpointId, method, payload }: Event<'send'>): void {
    if (method === 'registerTaskExecutor') this.#calls.set(callId, '')
    else if (method === 'registerTaskManager') {
      const [, jobId] = endpointId.split('_')
      this.#jobIds.add(jobId!)
      this.#calls.set(callId, jobId!)
    } else if (OF_RESOURCE_MANAGERS.has(method)) this.#calls.set(callId, '')
    else if (OF_JOB_MASTERS.has(method)) {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
      for (const jobId of this.#jobIds) {
        if (bytes.includes(jobId)) this.#calls.set(callId, jobId)
      }
    }
  }

  #delivered({ callId, from, to, method }: Event<'deliver'>): void {
    const jobId = this.#calls.get(callId)
    if (jobId === undefined || !method.startsWith('register')) return
    this.#calls.delete(callId)
    this.#addresses.set(from.slice(0, from.indexOf(':')), from)
    this.#of(from, jobId).reached.set(to, this.#events)
  }

  #replied({ callId, from, to, method, outcome }: Event<'reply'>): void {
    const jobId = this.#calls.get(callId)
    if (jobId === undefined || method.startsWith('register')) return
    this.#calls.delete(callId)
    if (outcome !== 'response') return
    const { reached, follows } = this.#of(to, jobId)
    if (follows === undefined || follows === from) return
    const [earlier, later] = [reached.get(from), reached.get(follows)]
    if (earlier !== undefined && later !== undefined && earlier < later) {
      const whose = jobId === '' ? 'ResourceManager' : `JobMaster of job ${jobId}`
      this.#violated(`${to} follows the ${whose} at ${follows} and obeyed ${method} of ${from}`)
    }
  }

  #gone(address: string): void {
    for (const key of this.#registrations.keys()) {
      if (key.startsWith(`${address} `)) this.#registrations.delete(key)
    }
  }

  #of(taskManager: string, jobId: string): Registrations {
    const key = `${taskManager} ${jobId}`
    const known = this.#registrations.get(key)
    if (known !== undefined) return known
    const registrations = { reached: new Map<string, number>(), follows: undefined }
    this.#registrations.set(key, registrations)
    return registrations
  }
}
