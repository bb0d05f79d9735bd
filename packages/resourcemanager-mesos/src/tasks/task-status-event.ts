import type { MesosTaskState, TaskStatus } from '@flink-ts/mesos-client'
import type { TaskEvent } from './task-state.js'

const EVENTS: Readonly<Record<MesosTaskState, TaskEvent>> = {
  TASK_STAGING: 'staging',
  TASK_STARTING: 'alive',
  TASK_RUNNING: 'alive',
  TASK_KILLING: 'killing',
  TASK_UNREACHABLE: 'unreachable',
  TASK_FINISHED: 'ended',
  TASK_FAILED: 'ended',
  TASK_KILLED: 'ended',
  TASK_ERROR: 'ended',
  TASK_LOST: 'ended',
  TASK_DROPPED: 'ended',
  TASK_GONE: 'ended',
  TASK_GONE_BY_OPERATOR: 'ended',
  TASK_UNKNOWN: 'ended',
  // It may run: the master is asked again, and no TaskManager is given up for it.
  TASK_UNRECOGNIZED: 'doubtful',
}

/** What the master says of tasks that it has never heard of, or has heard of and lost. */
const IGNORANCE: ReadonlySet<MesosTaskState> = new Set(['TASK_UNKNOWN', 'TASK_LOST'])

/** @param mayNotKnow whether the master may be a new one, which the agent of the task has not told of it yet */
export function taskEventOf(status: TaskStatus, mayNotKnow: boolean): TaskEvent {
  const isAnswer = status.uuid === undefined && status.reason === 'REASON_RECONCILIATION'
  return mayNotKnow && isAnswer && IGNORANCE.has(status.state) ? 'doubtful' : EVENTS[status.state]
}

/** Whether a task of this state runs, or will. */
export function mayRun(state: MesosTaskState): boolean {
  const event = EVENTS[state]
  return event === 'staging' || event === 'alive' || event === 'killing'
}

/** Whether it was never there, as its offers were taken back while the master was being told: no fault of its own. */
export function isOfferGone({ reason }: TaskStatus): boolean {
  return reason === 'REASON_INVALID_OFFERS'
}

/** Of an executor of Mesos, or of Docker; in other words the status may be that of another program, such as the fetcher. */
const EXIT_STATUS = /^(?:Command|Container) exited with status (\d+)\b/

/** With which its process has ended; undefined: it has not, or Mesos does not say. */
export function exitStatusOf({ message = '' }: TaskStatus): number | undefined {
  const exitStatus = EXIT_STATUS.exec(message)?.[1]
  return exitStatus === undefined ? undefined : Number(exitStatus)
}

/**
 * For people, in Mesos' own words, which have no more of what a task said than the status with which it ended.
 *
 * @param meaningOf what a status says of why a task could not start
 */
export function describeTaskStatus(
  status: TaskStatus,
  meaningOf: (exitStatus: number) => string | undefined = () => undefined,
): string {
  const { state, stateName = state, reason, message = '', source, taskId, agentId } = status
  const whence = [reason, source].filter((part) => part !== undefined).join(', ')
  const words = message === '' ? '' : `: ${message}`
  const exitStatus = exitStatusOf(status)
  const meaning = exitStatus === undefined ? undefined : meaningOf(exitStatus)
  return [
    `${stateName}${whence === '' ? '' : ` (${whence})`}${words}`,
    ...(meaning === undefined ? [] : [` (${meaning})`]),
    ...(exitStatus === undefined ? [] : [`; its stderr is in the sandbox of task ${taskId}`]),
    ...(exitStatus === undefined || agentId === undefined ? [] : [` on agent ${agentId}`]),
  ].join('')
}
