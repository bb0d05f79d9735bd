import type { OptionDefinition } from './option-parser.js'

/** Options of the actions, with Flink's names and meanings. */
export const HELP: OptionDefinition = {
  short: 'h',
  long: 'help',
  description: 'Show the help of this action.',
}
export const VERBOSE: OptionDefinition = {
  long: 'verbose',
  description: 'Show stacks of this command with errors.',
}
export const ENTRY: OptionDefinition = {
  short: 'c',
  long: 'class',
  argument: 'export',
  description: 'Export of the program that is called with the arguments (default: "main", if any).',
}
export const DETACHED: OptionDefinition = {
  short: 'd',
  long: 'detached',
  description: 'Submit the job and leave.',
}
export const PARALLELISM: OptionDefinition = {
  short: 'p',
  long: 'parallelism',
  argument: 'parallelism',
  description: 'Parallelism of what the program sets none for; more than 0.',
}
export const SHUTDOWN_ON_ATTACHED_EXIT: OptionDefinition = {
  short: 'sae',
  long: 'shutdownOnAttachedExit',
  description: 'If this command is interrupted while it waits, cancel the job.',
}
export const DRAIN: OptionDefinition = {
  short: 'd',
  long: 'drain',
  description: 'Let event time go to its end first: windows and timers fire.',
}
export const SAVEPOINT_PATH: OptionDefinition = {
  short: 'p',
  long: 'savepointPath',
  argument: 'directory',
  description: 'Its folder is made in there (default: execution.checkpointing.savepoint-dir).',
}
export const SAVEPOINT_FORMAT: OptionDefinition = {
  short: 'type',
  long: 'type',
  argument: 'format',
  description: 'Format of the savepoint: "canonical" or "native".',
}
export const SAVEPOINT_DETACHED: OptionDefinition = {
  short: 'detached',
  description: 'Do not wait for the savepoint.',
}
export const SAVEPOINT_DISPOSE: OptionDefinition = {
  short: 'd',
  long: 'dispose',
  argument: 'path',
  description: 'Dispose of this savepoint instead.',
}
export const FROM_SAVEPOINT: OptionDefinition = {
  short: 's',
  long: 'fromSavepoint',
  argument: 'path',
  description: 'Savepoint or checkpoint to start from.',
}
export const ALLOW_NON_RESTORED_STATE: OptionDefinition = {
  short: 'n',
  long: 'allowNonRestoredState',
  description: 'Skip state of the savepoint that no operator takes.',
}
export const CLAIM_MODE: OptionDefinition = {
  short: 'cm',
  long: 'claimMode',
  argument: 'mode',
  description:
    'Who owns the savepoint afterwards: "claim" (the job, which removes it one day), "no_claim" (whoever made it; default) or "legacy".',
}
export const RESTORE_MODE: OptionDefinition = {
  short: 'rm',
  long: 'restoreMode',
  argument: 'mode',
  description: 'Older name of --claimMode.',
}
export const WITH_SAVEPOINT: OptionDefinition = {
  short: 's',
  long: 'withSavepoint',
  argument: 'directory',
  description:
    'Take a savepoint there first (older form; "stop" commits what belongs to it). The directory may be left out.',
}
export const FULL: OptionDefinition = {
  short: 'full',
  long: 'full',
  description: 'Take a checkpoint that refers to no earlier one.',
}
export const FORCE: OptionDefinition = {
  short: 'f',
  long: 'force',
  description: 'Also if a JobManager of the cluster runs.',
}
export const JOBMANAGER: OptionDefinition = {
  short: 'm',
  long: 'jobmanager',
  argument: 'host:port',
  description:
    'REST address of the JobManager, over that of the configuration; or "yarn-cluster": a cluster on YARN for each job.',
}
export const DYNAMIC_PROPERTY: OptionDefinition = {
  short: 'D',
  argument: 'key=value',
  description: 'Any configuration key; may be repeated.',
}
export const TARGET: OptionDefinition = {
  short: 't',
  long: 'target',
  argument: 'target',
  description:
    'Where the job runs (execution.target): "remote", "local", or on a cluster of a cluster manager: "yarn-session", "yarn-per-job", "yarn-application".',
}
export const EXECUTOR: OptionDefinition = {
  short: 'e',
  long: 'executor',
  argument: 'target',
  description: 'Older name of --target.',
}
export const ZOOKEEPER_NAMESPACE: OptionDefinition = {
  short: 'z',
  long: 'zookeeperNamespace',
  argument: 'name',
  description: 'Name of the cluster for high availability (high-availability.cluster-id).',
}
export const RUNNING: OptionDefinition = {
  short: 'r',
  long: 'running',
  description: 'Show only running jobs.',
}
export const SCHEDULED: OptionDefinition = {
  short: 's',
  long: 'scheduled',
  description: 'Show only jobs that have not started.',
}
export const ALL: OptionDefinition = {
  short: 'a',
  long: 'all',
  description: 'Show jobs that have ended, too.',
}
