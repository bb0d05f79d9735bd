import type { ContainerContext, ContainerEnvironment } from '@flink-ts/runtime'

/**
 * What Mesos, or who started the JobManager, says to a process of a cluster: under which name its machine is reached, where its files
 * are, and to a TaskManager the configuration and the secret of its cluster.
 *
 * @throws FlinkError FLINK_MESOS_CONTAINER when this is no task of a cluster, or its JobManager is gone
 */
export async function readContainerEnvironment(
  context: ContainerContext,
): Promise<ContainerEnvironment> {
  if (context.kind === 'jobmanager') {
    const { jobManagerContainer } = await import('./job-manager-container.js')
    return jobManagerContainer(context)
  }
  const { taskManagerContainer } = await import('./task-manager-container.js')
  return taskManagerContainer(context)
}
