import {
  type ApplicationStatus,
  DISPATCHER_GATEWAY,
  Dispatcher,
  type DispatcherGateway,
  type JobGraph,
} from '@flink-ts/runtime'
import { settle, TestingCluster } from '../testing/cluster.js'

export const encode = (graph: unknown) => ({ jobGraph: Buffer.from(JSON.stringify(graph)) })

/** A Dispatcher that leads, in a cluster of its own. */
export async function start(
  t: { teardown(fn: () => unknown): void },
  configuration: Record<string, string> = {},
) {
  const cluster = new TestingCluster()
  await cluster.resourceManager.start()
  cluster.configure(configuration)
  const shutDowns: ApplicationStatus[] = []
  const blobs: string[] = []
  const dispatcher = new Dispatcher({
    ...cluster.jobManagerServices,
    clusterVersion: { version: '0.1.0', nodeMajor: 20 },
    blobs: {
      registerJob: async (jobId, keys) => void blobs.push(`+${jobId}:${keys}`),
      releaseJob: async (jobId) => void blobs.push(`-${jobId}`),
    },
    onShutDown: (status) => shutDowns.push(status),
  })
  await dispatcher.start()
  await settle()
  const leader = cluster.ha.leaders.leaderOf({ kind: 'dispatcher' })!
  const client = cluster.createService('client:1')
  const connect = (token = leader.token): DispatcherGateway =>
    client.connect(leader.address, leader.endpointId, DISPATCHER_GATEWAY, { fencingToken: token })
  t.teardown(async () => {
    await dispatcher.close()
    await client.close()
    await cluster.close()
    if (cluster.clock.pendingTimers !== 0) throw new Error('a closed Dispatcher left timers')
  })
  const gateway = connect()
  const submit = async (graph: JobGraph) => {
    await gateway.submitJob(encode(graph))
    await settle()
  }
  return { cluster, dispatcher, gateway, submit, connect, shutDowns, blobs }
}
