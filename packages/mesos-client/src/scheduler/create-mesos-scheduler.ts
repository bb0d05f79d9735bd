import type { MesosScheduler } from './mesos-scheduler.js'
import type { MesosSchedulerOptions } from './mesos-scheduler-options.js'

/**
 * A scheduler of the master that `options.master` names. Reads the file of `file:///path`, and does nothing else before it is started.
 *
 * @throws MesosMasterError if `options.master`, or what that file says, names no master
 */
export async function createMesosScheduler(
  options: MesosSchedulerOptions,
): Promise<MesosScheduler> {
  throw new Error(`no client for ${options.master} yet`)
}
