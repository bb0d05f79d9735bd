import type { NodeManager } from '../../clusters/hadoop.js'
import type { YarnContainer } from '../../clusters/yarn-rest.js'
import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import {
  anyOf,
  type Containers,
  containersOf,
  SLOW_MS,
  type YarnContext,
  type YarnFault,
} from './yarn-context.js'

/** A node on which there are TaskManagers of the job, and all of its containers there. */
async function busyNode(
  context: YarnContext,
): Promise<{ node: NodeManager; victims: readonly YarnContainer[] } | undefined> {
  const { cluster, note } = context
  const containers = await containersOf(context)
  if (containers === undefined) return undefined
  const { master, workers } = containers
  const node = cluster.nodeOf(anyOf(context, workers))
  const victims = [master, ...workers].filter((each) => cluster.nodeOf(each) === node)
  const names = victims.map(({ containerId }) => `…${containerId.slice(-9)}`).join(', ')
  note(
    `${node.name} with ${names}${victims.includes(master) ? ', the first is the JobManager' : ''}`,
  )
  return { node, victims }
}

/**
 * A NodeManager is silent until its node is lost. Its containers run on beside their replacements, and end when it
 * is back.
 */
async function loseNode(
  context: YarnContext,
  silence: (node: NodeManager) => Promise<void>,
  end: (node: NodeManager) => Promise<void>,
): Promise<boolean> {
  const { cluster, random, note } = context
  const found = await busyNode(context)
  if (found === undefined) return false
  const { node, victims } = found
  await silence(node)
  try {
    await cluster.untilNode(node, 'LOST')
    context.happens()
    await lasting(random.nextInt(8000))
    const zombies = victims.filter(({ containerId }) => cluster.isRunning(containerId))
    note(`${zombies.length} of ${victims.length} still run on the lost node`)
  } finally {
    await end(node)
  }
  await cluster.untilNode(node, 'RUNNING')
  await until(
    'what ran on the lost node has ended',
    () => !victims.some(({ containerId }) => cluster.isRunning(containerId)),
    SLOW_MS,
  )
  return true
}

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
    await cluster.untilAllNodes()
  }
}

/** As {@link withoutResourceManager}, to containers that were known before. */
async function killWithoutResourceManager(
  context: YarnContext,
  victimsOf: (containers: Containers) => readonly YarnContainer[],
): Promise<boolean> {
  const containers = await containersOf(context)
  if (containers === undefined) return false
  return withoutResourceManager(context, async () => {
    context.happens()
    await Promise.all(victimsOf(containers).map((victim) => context.cluster.kill(victim)))
    return true
  })
}

/** Faults of YARN's daemons. */
export const DAEMON_FAULTS: readonly YarnFault[] = [
  {
    name: 'lose-node-manager',
    weight: 3,
    restarts: true,
    inject: (context) =>
      loseNode(
        context,
        (node) => node.kill(),
        (node) => node.restart(),
      ),
  },
  {
    name: 'pause-node-manager-until-lost',
    weight: 1,
    restarts: true,
    inject: (context) =>
      loseNode(
        context,
        async (node) => node.pause(),
        async (node) => node.resume(),
      ),
  },
  {
    name: 'restart-node-manager',
    weight: 2,
    restarts: false,
    async inject(context) {
      const found = await busyNode(context)
      if (found === undefined) return false
      await found.node.kill()
      await lasting(context.random.nextInt(2000))
      await found.node.restart()
      return true
    },
  },
  {
    name: 'stop-node-manager',
    weight: 2,
    restarts: true,
    async inject(context) {
      const found = await busyNode(context)
      if (found === undefined) return false
      context.happens()
      await found.node.leave()
      await lasting(context.random.nextInt(4000))
      await found.node.restart()
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
