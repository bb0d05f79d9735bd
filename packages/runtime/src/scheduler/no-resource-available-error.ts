import { FlinkError, formatDuration } from '@flink-ts/core'

const ADVICE_STANDALONE =
  'Start more TaskManagers or larger ones, give them more slots (taskmanager.numberOfTaskSlots), end other jobs, or lower the parallelism'
const ADVICE_ACTIVE =
  'The cluster starts TaskManagers itself, as jobs need them: where there is no room for one, make room or ask for less ' +
  '(taskmanager.memory.process.size, taskmanager.numberOfTaskSlots, parallelism); ' +
  "where one did not start, its log and the JobManager's say why; where it only takes longer, raise the timeout"

/** The slots that a job needs did not come in time. */
export class NoResourceAvailableError extends FlinkError {
  readonly requiredSlots: number
  readonly availableSlots: number
  /** What the ResourceManager said is missing, and why; undefined: nothing. */
  readonly shortage: string | undefined

  constructor(facts: {
    jobName: string
    requiredSlots: number
    availableSlots: number
    shortage: string | undefined
    timeoutMs: number
    /** The key of the timeout. Default: `slot.request.timeout`. */
    timeoutKey?: string
    /** The cluster starts TaskManagers as jobs need them: nobody else does. Default false. */
    startsTaskManagers?: boolean
  }) {
    super(
      `Could not acquire the minimum required resources for job '${facts.jobName}': ` +
        `${facts.requiredSlots} slots are required, ${facts.availableSlots} were available within ` +
        `${facts.timeoutKey ?? 'slot.request.timeout'} (${formatDuration(facts.timeoutMs)})${facts.shortage === undefined ? '' : `; the ResourceManager says: ${facts.shortage}`}. ${facts.startsTaskManagers === true ? ADVICE_ACTIVE : ADVICE_STANDALONE}`,
      { code: 'FLINK_NO_RESOURCE_AVAILABLE', retriable: true },
    )
    this.name = 'NoResourceAvailableException'
    this.requiredSlots = facts.requiredSlots
    this.availableSlots = facts.availableSlots
    this.shortage = facts.shortage
  }
}
