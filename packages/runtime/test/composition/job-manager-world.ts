import {
  Configuration,
  FileSystemRegistry,
  noopLogger,
  type ResourceId,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { InProcessRpcNetwork } from '@flink-ts/rpc'
import {
  InMemoryBlobStore,
  type JobManagerServicesOptions,
  type ResourceManagerDriver,
} from '@flink-ts/runtime'
import t from 'tap'

export const configuration = Configuration.fromMap({
  'taskmanager.memory.process.size': '1728m',
  'taskmanager.numberOfTaskSlots': '3',
})

/** What a JobManager is made of, with a driver that starts no TaskManagers; `told` is what it did to the outside. */
export function world() {
  const clock = new ManualClock(1_000)
  const random = new SeededRandom(1)
  const network = new InProcessRpcNetwork()
  const told: string[] = []
  const store = new InMemoryBlobStore()
  const driver: ResourceManagerDriver = {
    name: 'testing',
    canStartWorkers: false,
    initialize: async () => void told.push('initialize'),
    requestResource: () => Promise.reject(new Error('none')),
    releaseResource() {},
    deregisterApplication: async (status) => void told.push(`deregister ${status}`),
    terminate: async () => void told.push('terminate'),
  }
  const rpcService = network.createService({ address: 'jm:1', clock })
  const options: JobManagerServicesOptions = {
    configuration,
    clock,
    random,
    log: noopLogger,
    rpcService,
    fileSystems: new FileSystemRegistry([]),
    resourceId: 'jm' as ResourceId,
    blobStore: Object.assign(store, { close: async () => void told.push('blobs closed') }),
    resourceManagerDriver: driver,
    version: { version: '0.1.0', nodeMajor: 20 },
    moduleLoader: () => Promise.reject(new Error('no modules')),
    onClusterShutDown: (status) => void told.push(`shut down ${status}`),
    fatalErrorHandler: (error) => t.fail(String(error)),
  }
  return { clock, network, told, driver, options }
}
