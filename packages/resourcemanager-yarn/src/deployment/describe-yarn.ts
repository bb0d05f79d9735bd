import type { ResourceManagerClient } from '../rest/resource-manager-client.js'

/** What YARN has and what of it is free, for people: a line for all, for each node and each queue. */
export async function describeYarn(resourceManager: ResourceManagerClient): Promise<string[]> {
  const [metrics, nodes, { type, queues }] = await Promise.all([
    resourceManager.metrics(),
    resourceManager.nodes(),
    resourceManager.scheduler(),
  ])
  return [
    `NodeManagers: ${metrics.activeNodes}; memory: ${metrics.availableMb} of ${metrics.totalMb} MB free; vcores: ${metrics.availableVcores} of ${metrics.totalVcores} free`,
    ...nodes.map(
      (node) =>
        `  ${node.id} ${node.state}: ${node.availableMb} of ${node.availableMb + node.usedMb} MB free, ${node.availableVcores} of ${node.availableVcores + node.usedVcores} vcores free`,
    ),
    `Queues (${type}):`,
    ...queues.map((queue) => {
      const max =
        queue.maxShare === undefined
          ? ''
          : `, at most ${(queue.maxShare * 100).toFixed(0)} % of the cluster`
      return `  ${queue.path}${queue.isRunning ? '' : ' (stopped)'}: ${queue.usedMb} MB and ${queue.usedVcores} vcores used${max}`
    }),
  ]
}
