import { SystemClock } from '@flink-ts/core'
import { RestClusterClient } from '@flink-ts/rest/client'
import { freePorts } from '../support/free-port.js'
import { TcpProxy } from './tcp-proxy.js'

/** Frozen processes take connections: nobody waits for their answers for long. */
const REST_TIMEOUT_MS = 5000

/** One JobManager after the other at the same place and under the same addresses. */
export interface JobManagerPlace {
  /** Where others reach its RPC service. */
  readonly control: TcpProxy
  /** Between it and each server of the ZooKeeper ensemble, if there is one. */
  readonly zookeeper: readonly TcpProxy[]
  /** What its process is started with. */
  readonly options: readonly string[]
  readonly restAddress: string
  readonly rest: RestClusterClient
  pid: number | undefined
}

/** @param zookeeperPorts of the ensemble's servers; undefined: there is no other JobManager */
export async function newJobManagerPlace(
  zookeeperPorts: readonly number[] | undefined,
): Promise<JobManagerPlace> {
  const [restPort, rpcPort] = await freePorts(2)
  const control = await TcpProxy.listen(() => rpcPort!)
  const zookeeper = await Promise.all(
    (zookeeperPorts ?? []).map((port) => TcpProxy.listen(() => port)),
  )
  const quorum = zookeeper.map(({ port }) => `127.0.0.1:${port}`).join(',')
  const restAddress = `127.0.0.1:${restPort}`
  return {
    control,
    zookeeper,
    options: [
      `-Djobmanager.rpc.port=${control.port}`,
      `-Djobmanager.rpc.bind-port=${rpcPort}`,
      `-Drest.port=${restPort}`,
      ...(zookeeperPorts === undefined
        ? []
        : [
            `-Dhigh-availability.jobmanager.port=${control.port}`,
            `-Dhigh-availability.zookeeper.quorum=${quorum}`,
          ]),
    ],
    restAddress,
    rest: new RestClusterClient({
      address: restAddress,
      clock: new SystemClock(),
      ...(zookeeperPorts !== undefined && { timeoutMs: REST_TIMEOUT_MS }),
    }),
    pid: undefined,
  }
}
