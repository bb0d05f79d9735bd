import type { JsonObject } from '../records/json.js'
import type { CommandInfo, ContainerInfo, TakenResource, TaskInfo } from '../records/task-info.js'
import { encodeGracePeriod, encodeLabels, id } from './encode-fields.js'

export function encodeTask(task: TaskInfo): JsonObject {
  const { container, labels, killGracePeriodMs } = task
  return {
    name: task.name,
    task_id: id(task.taskId),
    agent_id: id(task.agentId),
    resources: task.resources.map(encodeResource),
    command: encodeCommand(task.command),
    ...(container !== undefined && { container: encodeContainer(container) }),
    labels: encodeLabels(labels),
    ...(killGracePeriodMs !== undefined && { kill_policy: encodeGracePeriod(killGracePeriodMs) }),
  }
}

/** What was offered, as it was offered, with another amount. */
function encodeResource({ name, scalar, ranges, set, from }: TakenResource): JsonObject {
  const { scalar: _scalar, ranges: _ranges, set: _set, ...rest } = from
  if (scalar !== undefined) {
    // More decimals do not count, and would let 0.1 + 0.2 be more than 0.3.
    return { ...rest, name, type: 'SCALAR', scalar: { value: Math.round(scalar * 1000) / 1000 } }
  }
  if (ranges !== undefined) {
    const range = ranges.map(({ begin, end }) => ({ begin, end }))
    return { ...rest, name, type: 'RANGES', ranges: { range } }
  }
  return { ...rest, name, type: 'SET', set: { item: set ?? [] } }
}

function encodeCommand({ shell, value, user, ...command }: CommandInfo): JsonObject {
  const variables = Object.entries(command.environment)
  return {
    shell,
    ...(value !== undefined && { value }),
    ...(command.arguments !== undefined && { arguments: command.arguments }),
    environment: { variables: variables.map(([name, value]) => ({ name, value })) },
    ...(user !== undefined && { user }),
    uris: command.uris.map(({ value, extract, executable, cache, outputFile }) => ({
      value,
      extract,
      ...(executable !== undefined && { executable }),
      ...(cache !== undefined && { cache }),
      ...(outputFile !== undefined && { output_file: outputFile }),
    })),
  }
}

function encodeContainer(container: ContainerInfo): JsonObject {
  const volumes = container.volumes.map(({ containerPath, hostPath, mode }) => ({
    container_path: containerPath,
    ...(hostPath !== undefined && { host_path: hostPath }),
    mode,
  }))
  return container.type === 'DOCKER'
    ? { type: 'DOCKER', docker: encodeDocker(container), volumes }
    : { type: 'MESOS', mesos: encodeMesosImage(container), volumes }
}

function encodeDocker(container: ContainerInfo): JsonObject {
  const { image, network, forcePullImage, parameters } = container
  return {
    image: image ?? '',
    ...(network !== undefined && { network }),
    ...(forcePullImage !== undefined && { force_pull_image: forcePullImage }),
    ...(parameters !== undefined && {
      parameters: parameters.map(({ key, value }) => ({ key, value })),
    }),
  }
}

/** Images of Docker without its daemon. */
function encodeMesosImage({ image, forcePullImage }: ContainerInfo): JsonObject {
  if (image === undefined) return {}
  const cached = forcePullImage === undefined ? undefined : !forcePullImage
  return {
    image: { type: 'DOCKER', docker: { name: image }, ...(cached !== undefined && { cached }) },
  }
}
