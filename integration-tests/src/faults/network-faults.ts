import { type Fault, type FaultContext, lasting } from './fault.js'
import { anyTaskManager } from './process-faults.js'
import type { ProxyMode, TcpProxy } from './tcp-proxy.js'

/** Lets a proxy do something for a while. */
async function during(proxy: TcpProxy, mode: ProxyMode, ms: number): Promise<boolean> {
  proxy.setMode(mode)
  try {
    await lasting(ms)
  } finally {
    proxy.heal()
  }
  return true
}

/** Breaks all connections and takes no new ones for a while. */
async function broken({ random }: FaultContext, proxy: TcpProxy): Promise<boolean> {
  proxy.setRefusing(true)
  proxy.breakConnections()
  await lasting(random.nextInt(700))
  proxy.heal()
  return true
}

/** Faults of the connections between processes. */
export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'break-data',
    weight: 3,
    restarts: false,
    inject: async (context) => broken(context, (await anyTaskManager(context)).data),
  },
  {
    name: 'delay-data',
    weight: 2,
    restarts: false,
    inject: async (context) =>
      during(
        (await anyTaskManager(context)).data,
        { kind: 'delay', ms: 5 + context.random.nextInt(60) },
        1000 + context.random.nextInt(2000),
      ),
  },
  {
    name: 'stall-data',
    weight: 2,
    restarts: false,
    inject: async (context) =>
      during(
        (await anyTaskManager(context)).data,
        { kind: 'stall' },
        500 + context.random.nextInt(3000),
      ),
  },
  {
    name: 'break-control',
    weight: 3,
    restarts: false,
    inject: async (context) => broken(context, (await anyTaskManager(context)).control),
  },
  {
    name: 'delay-control',
    weight: 2,
    restarts: false,
    inject: async (context) =>
      during(
        (await anyTaskManager(context)).control,
        { kind: 'delay', ms: 20 + context.random.nextInt(300) },
        1000 + context.random.nextInt(3000),
      ),
  },
  {
    name: 'stall-control',
    weight: 2,
    restarts: false,
    inject: async (context) =>
      during(
        (await anyTaskManager(context)).control,
        { kind: 'stall' },
        500 + context.random.nextInt(7000),
      ),
  },
  {
    name: 'break-job-manager',
    weight: 2,
    restarts: false,
    inject: async (context) => broken(context, (await context.cluster.leader()).control),
  },
  {
    name: 'stall-job-manager',
    weight: 1,
    restarts: false,
    inject: async (context) =>
      during(
        (await context.cluster.leader()).control,
        { kind: 'stall' },
        500 + context.random.nextInt(3000),
      ),
  },
]
