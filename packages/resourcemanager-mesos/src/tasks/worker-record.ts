import { FlinkError } from '@flink-ts/core'

/**
 * What the next leader must know of a worker. `New`: it wants a place, no task is there. `Launched`: a task may run, and is wanted.
 * `Released`: a task may run, and must end.
 */
export type WorkerRecordState = 'New' | 'Launched' | 'Released'

/** One worker, as it is kept. */
export interface WorkerRecord {
  readonly taskId: string
  readonly state: WorkerRecordState
  /** Where its task was launched; not of `New`. */
  readonly agentId?: string
  /** The machine of that agent. */
  readonly host?: string
}

/** The id is the entry's name. */
export function encodeWorkerRecord({ state, agentId, host }: WorkerRecord): Uint8Array {
  return Buffer.from(JSON.stringify({ state, agent: agentId, host }))
}

/** @throws FlinkError FLINK_HA_ENTRY_CORRUPT, SyntaxError */
export function parseWorkerRecord(taskId: string, value: Uint8Array): WorkerRecord {
  const parsed: Readonly<Record<string, unknown>> | null = JSON.parse(Buffer.from(value).toString())
  const { state, agent, host } = parsed ?? {}
  const place = {
    ...(isName(agent) ? { agentId: agent } : {}),
    ...(isName(host) ? { host } : {}),
  }
  if (state === 'New') return { taskId, state }
  if (state === 'Released') return { taskId, state, ...place }
  if (state === 'Launched' && isName(agent) && isName(host)) return { taskId, state, ...place }
  throw new FlinkError(
    `expected the state of a worker, and the agent and host of one that was launched, found ${Buffer.from(value).toString().slice(0, 200)}`,
    { code: 'FLINK_HA_ENTRY_CORRUPT' },
  )
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
