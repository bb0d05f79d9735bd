import { noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type FencingToken,
  type GatewayDefinition,
  InProcessRpcNetwork,
  MainThreadExecutor,
  type RpcServer,
  type RpcService,
} from '@flink-ts/rpc'
import type {
  ResourceProfile,
  TaskManagerLocation,
} from '../../dist/messages/messages.generated.js'
import type { WorkerResourceSpec } from '../../dist/resourcemanager/resource-manager-driver.js'
import { multiplyProfile } from '../../dist/resourcemanager/slotmanager/resource-profiles.js'

/** Lets everything run that needs no clock. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Moves the clock in steps and lets everything run in between. */
export async function advance(clock: ManualClock, ms: number, stepMs = ms): Promise<void> {
  await settle()
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(Math.min(stepMs, ms - passed))
    await settle()
  }
}

/** A network with a clock that stands still; collects what main threads throw. */
export class TestWorld {
  readonly clock = new ManualClock(1_000_000)
  readonly network = new InProcessRpcNetwork()
  readonly errors: unknown[] = []
  readonly log = noopLogger

  service(address: string): RpcService {
    return this.network.createService({ address, clock: this.clock })
  }

  mainThread(name: string): MainThreadExecutor {
    return new MainThreadExecutor({
      name,
      clock: this.clock,
      onFatalError: (error) => void this.errors.push(error),
    })
  }

  /** Serves `handlers`; methods that are not given fail the call. */
  serve<G extends object>(
    service: RpcService,
    endpointId: string,
    definition: GatewayDefinition<G>,
    handlers: Partial<G>,
    fencingToken: FencingToken | 'unfenced' = 'unfenced',
  ): RpcServer {
    const handler = new Proxy(handlers, {
      get: (target, name) =>
        Reflect.get(target, name) ??
        (async () => {
          throw new Error(`${endpointId} does not expect ${String(name)}`)
        }),
    }) as G
    const mainThread = this.mainThread(endpointId)
    return service.startServer({
      endpointId,
      definition,
      handler,
      mainThread,
      fencingToken: () => fencingToken,
    })
  }
}

export const SLOT_PROFILE: ResourceProfile = {
  cpuCores: 1,
  taskHeapBytes: 100,
  taskOffHeapBytes: 0,
  managedBytes: 100,
  networkBytes: 10,
  extendedResources: {},
}

/** Of a TaskManager with two such slots. */
export const WORKER_SPEC: WorkerResourceSpec = {
  cpuCores: 2,
  totalProcessBytes: 1000,
  numberOfSlots: 2,
  slotProfile: SLOT_PROFILE,
  totalProfile: multiplyProfile(SLOT_PROFILE, 2),
  dynamicProperties: {},
}

export function location(resourceId: string): TaskManagerLocation {
  return { resourceId, host: '127.0.0.1', dataPort: 4711, nodeId: resourceId }
}

/** What a TaskManager with `numberOfSlots` tells of itself. */
export function taskManagerFacts(numberOfSlots: number) {
  return {
    numberOfSlots,
    hardware: {
      cpuCores: 2,
      physicalMemoryBytes: 1000,
      freeMemoryBytes: 500,
      managedMemoryBytes: 200,
    },
    memory: {
      frameworkHeap: 1,
      taskHeap: 2,
      frameworkOffHeap: 3,
      taskOffHeap: 4,
      networkMemory: 5,
      managedMemory: 6,
      jvmMetaspace: 7,
      jvmOverhead: 8,
      totalFlinkMemory: 9,
      totalProcessMemory: 10,
    },
    slotProfile: SLOT_PROFILE,
    totalProfile: multiplyProfile(SLOT_PROFILE, numberOfSlots),
  }
}
