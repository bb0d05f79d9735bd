export { bindHost } from './addresses/bind-host.js'
export {
  configuredJobManager,
  type JobManagerRpcAddress,
  jobManagerRpcAddress,
} from './addresses/job-manager-address.js'
export { hostAndPort, isLoopback } from './addresses/loopback.js'
export {
  type LocalHost,
  type TaskManagerAddress,
  taskManagerAddress,
} from './addresses/task-manager-address.js'
export { type DaemonArguments, parseDaemonArguments } from './daemon/daemon-arguments.js'
export { logLevel } from './daemon/daemon-log.js'
export { type DaemonKind, ProcessFolder, processFolderParent } from './daemon/process-folder.js'
export { PREPARED_JOB } from './jobmanager/prepared-job.js'
export { nodeFlags } from './node-flags.js'
