import { AxiosTransport } from '../http/axios-transport.js'
import { createMasterDetector } from '../master/create-master-detector.js'
import { HttpMesosScheduler } from './http-mesos-scheduler.js'
import type { MesosScheduler } from './mesos-scheduler.js'
import type { MesosSchedulerOptions } from './mesos-scheduler-options.js'

/**
 * A scheduler of the masters that `options.master` names. Reads the file of `file:///path`, and does nothing else before it is started.
 *
 * @throws MesosMasterError if `options.master`, or what that file says, names no master
 * @throws MesosCredentialsError if the principal has a colon
 */
export async function createMesosScheduler(
  options: MesosSchedulerOptions,
): Promise<MesosScheduler> {
  const { tls, transport = new AxiosTransport(tls) } = options
  const detector = await createMasterDetector(options)
  return new HttpMesosScheduler({
    ...options,
    detector,
    transport,
    scheme: options.scheme ?? (tls === undefined ? 'http' : 'https'),
  })
}
