import {
  ADAPTIVE_SCHEDULER_TRANSITIONS,
  EXECUTION_STATE_TRANSITIONS,
  JOB_STATUS_TRANSITIONS,
  RESCALE_PHASE_TRANSITIONS,
  SLOT_TRANSITIONS,
  TASK_SLOT_TRANSITIONS,
  WORKER_TRANSITIONS,
} from '@flink-ts/runtime'

type Table = Readonly<Record<string, readonly string[]>>

/** What changes its state, as the log names it, with its table, its first state and what identifies it. */
const MACHINES: readonly {
  readonly subject: string
  readonly table: Table
  readonly initial: string
  readonly id: (fields: Fields) => string
}[] = [
  {
    subject: 'Job changed its state',
    table: JOB_STATUS_TRANSITIONS,
    initial: 'INITIALIZING',
    id: ({ jobId }) => jobId!,
  },
  {
    subject: 'Task changed its state',
    table: EXECUTION_STATE_TRANSITIONS,
    initial: 'CREATED',
    id: ({ executionAttemptId }) => executionAttemptId!,
  },
  {
    subject: 'Adaptive scheduler changed its state',
    table: ADAPTIVE_SCHEDULER_TRANSITIONS,
    initial: 'Created',
    id: ({ jobId }) => jobId!,
  },
]

/** What a TaskManager reports of a task: it does not tell that it is CANCELING it, only that it has. */
const REPORTED: Table = Object.fromEntries(
  Object.entries(EXECUTION_STATE_TRANSITIONS).map(([state, nexts]) => [
    state,
    nexts.includes('CANCELING') ? [...nexts, 'CANCELED'] : nexts,
  ]),
)

export type Fields = Readonly<Record<string, string>>

/** What a log tells of the state machines of its process. */
export interface CheckedTransitions {
  /** A line for each change that its table does not allow; empty if all is well. */
  readonly violations: readonly string[]
  /** How many changes of each kind were seen. */
  readonly counts: Readonly<Record<string, number>>
}

/**
 * Reads the log of one process and holds every change of a state against its table: each begins in the state
 * that the one before led to, and leads to one that may follow.
 */
export function checkTransitions(log: string): CheckedTransitions {
  const violations: string[] = []
  const counts: Record<string, number> = {}
  const states = new Map<string, string>()
  const count = (subject: string) => {
    counts[subject] = (counts[subject] ?? 0) + 1
  }
  const step = (line: string, key: string, table: Table, from: string, to: string) => {
    const known = states.get(key) ?? from
    if (known !== from) violations.push(`${line}: it was ${known}`)
    if (!table[from]?.includes(to)) violations.push(`${line}: ${to} may not follow ${from}`)
    states.set(key, to)
  }
  for (const line of log.split('\n')) {
    const message = / - ([A-Z][a-z ]+ changed its state|Slot changed|Worker changed) (.*)$/.exec(
      line,
    )
    if (message === null) continue
    const [, subject, text] = message
    const fields = fieldsOf(text!)
    count(subject!)
    if (subject === 'Rescaling changed its state') {
      // Each change of the parallelism has phases of its own.
      const { from, to } = fields
      const allowed = (RESCALE_PHASE_TRANSITIONS as Table)[from!]?.includes(to!)
      if (!allowed) violations.push(`${line}: ${to} may not follow ${from}`)
    } else if (subject === 'Worker changed') {
      // It has no id until it is granted.
      const { resourceId, from, to } = fields
      step(line, `worker ${resourceId ?? line}`, WORKER_TRANSITIONS, from!, to!)
    } else if (subject === 'Slot changed') {
      checkSlot(line, fields, step)
    } else if (fields['state'] !== undefined) {
      // A TaskManager knows its tasks from their deployment on.
      const key = `reported ${fields['executionAttemptId']}`
      step(line, key, REPORTED, states.get(key) ?? 'DEPLOYING', fields['state'])
    } else {
      const machine = MACHINES.find((known) => known.subject === subject)
      const { from, to } = fields
      if (machine === undefined || from === undefined || to === undefined) {
        violations.push(`${line}: nobody knows a table for it`)
        continue
      }
      const key = `${subject} ${machine.id(fields)}`
      if (!states.has(key)) states.set(key, machine.initial)
      step(line, key, machine.table, from, to)
    }
  }
  return { violations, counts }
}

function checkSlot(
  line: string,
  fields: Fields,
  step: (line: string, key: string, table: Table, from: string, to: string) => void,
): void {
  const { resourceId, slotNumber, allocationId, from, to } = fields
  if (resourceId !== undefined) {
    step(line, `rm ${resourceId}/${slotNumber}`, SLOT_TRANSITIONS, from!, to!)
    return
  }
  const table: Table = {
    ...TASK_SLOT_TRANSITIONS,
    free: ['ALLOCATED'],
    RELEASING: ['free'],
    ACTIVE: [...TASK_SLOT_TRANSITIONS.ACTIVE, 'free'],
    ALLOCATED: [...TASK_SLOT_TRANSITIONS.ALLOCATED, 'free'],
  }
  step(line, `tm ${allocationId}`, table, from!, to!)
}

/** `key=value` pairs as `formatLogLine` writes them. */
function fieldsOf(text: string): Fields {
  const fields: Record<string, string> = {}
  for (const [, key, quoted, plain] of text.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)) {
    fields[key!] = quoted ?? plain!
  }
  return fields
}
