import type { NodeManager } from '../../clusters/hadoop.js'
import { lasting } from '../fault.js'
import { type BusyHost, hostFaults } from '../managed/host-faults.js'
import { anyOf } from '../managed/managed-cluster.js'
import { type Containers, containersOf, type YarnContext, type YarnFault } from './yarn-context.js'

/** A node on which there are TaskManagers of the job, with all of its containers there. */
async function busyNode(context: YarnContext): Promise<BusyHost<NodeManager> | undefined> {
  const { cluster, note } = context
  const containers = await containersOf(context)
  if (containers === undefined) return undefined
  const { master, workers } = containers
  const node = cluster.nodeOf(anyOf(context, workers))
  const there = [master, ...workers].filter((each) => cluster.nodeOf(each) === node)
  const victims = there.map(({ containerId }) => containerId)
  const names = victims.map((id) => `…${id.slice(-9)}`).join(', ')
  note(`${node.name} with ${names}${there.includes(master) ? ', the first is the JobManager' : ''}`)
  return {
    daemon: node,
    victims,
    untilLost: () => cluster.untilNode(node, 'LOST'),
    untilBack: () => cluster.untilNode(node, 'RUNNING'),
  }
}

const NODE_FAULTS = hostFaults({ daemon: 'node-manager', maxDownMs: 2000, find: busyNode })

/** Something happens while there is no ResourceManager. */
async function withoutResourceManager(
  context: YarnContext,
  action: () => Promise<boolean>,
): Promise<boolean> {
  const { cluster, random } = context
  const { resourceManager } = cluster.hadoop
  await resourceManager.kill()
  try {
    return await action()
  } finally {
    await lasting(random.nextInt(3000))
    await resourceManager.restart()
    await cluster.untilWell()
  }
}

/** As {@link withoutResourceManager}, to containers that were known before. */
async function killWithoutResourceManager(
  context: YarnContext,
  victimsOf: (containers: Containers) => Containers['workers'],
): Promise<boolean> {
  const containers = await containersOf(context)
  if (containers === undefined) return false
  return withoutResourceManager(context, async () => {
    context.happens()
    const victims = victimsOf(containers).map(({ containerId }) => containerId)
    await Promise.all(victims.map((victim) => context.cluster.kill(victim)))
    return true
  })
}

/** Faults of YARN's daemons. */
export const DAEMON_FAULTS: readonly YarnFault[] = [
  NODE_FAULTS.lose,
  NODE_FAULTS.pauseUntilLost,
  NODE_FAULTS.restart,
  {
    name: 'stop-node-manager',
    weight: 2,
    restarts: true,
    async inject(context) {
      const found = await busyNode(context)
      if (found === undefined) return false
      context.happens()
      await found.daemon.leave()
      await lasting(context.random.nextInt(4000))
      await found.daemon.restart()
      return true
    },
  },
  {
    name: 'restart-resource-manager',
    weight: 3,
    restarts: false,
    inject: (context) => withoutResourceManager(context, async () => true),
  },
  {
    name: 'kill-task-manager-without-resource-manager',
    weight: 1,
    restarts: true,
    inject: (context) => killWithoutResourceManager(context, ({ workers }) => workers),
  },
  {
    name: 'kill-application-master-without-resource-manager',
    weight: 1,
    restarts: true,
    inject: (context) => killWithoutResourceManager(context, ({ master }) => [master]),
  },
]
