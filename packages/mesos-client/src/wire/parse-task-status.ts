import type { MesosTaskState, TaskStatus } from '../records/task-status.js'
import type { JsonReader } from './json-reader.js'

const STATES: ReadonlySet<string> = new Set<MesosTaskState>([
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_LOST',
  'TASK_DROPPED',
  'TASK_UNREACHABLE',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
])
const SOURCES: ReadonlySet<string> = new Set(['SOURCE_MASTER', 'SOURCE_AGENT', 'SOURCE_EXECUTOR'])
const UUID_BYTES = 16

/** Of a state that is not known here, too: it is acknowledged like others, or the agent would tell nothing newer of the task. */
export function parseTaskStatus(reader: JsonReader): TaskStatus {
  const taskId = reader.id('task_id')
  const state = reader.optionalString('state')
  const source = reader.optionalString('source')
  const uuid = reader.optionalString('uuid')
  if (uuid !== undefined && Buffer.from(uuid, 'base64').length !== UUID_BYTES) {
    throw reader.wrong('uuid', `not the base64 of ${UUID_BYTES} bytes`)
  }
  const message = reader.optionalString('message')
  const reason = reader.optionalString('reason')
  const agentId = reader.optionalId('agent_id')
  const executorId = reader.optionalId('executor_id')
  const timestamp = reader.optionalNumber('timestamp')
  const healthy = reader.optionalBoolean('healthy')
  return {
    taskId,
    ...(isState(state) ? { state } : { state: 'TASK_UNRECOGNIZED' as const }),
    ...(!isState(state) && state !== undefined && { stateName: state }),
    ...(message !== undefined && { message }),
    ...(isSource(source) && { source }),
    ...(reason !== undefined && { reason }),
    ...(agentId !== undefined && { agentId }),
    ...(executorId !== undefined && { executorId }),
    ...(uuid !== undefined && { uuid }),
    ...(timestamp !== undefined && { timestamp }),
    ...(healthy !== undefined && { healthy }),
  }
}

function isState(value: string | undefined): value is MesosTaskState {
  return value !== undefined && STATES.has(value)
}

function isSource(value: string | undefined): value is NonNullable<TaskStatus['source']> {
  return value !== undefined && SOURCES.has(value)
}
