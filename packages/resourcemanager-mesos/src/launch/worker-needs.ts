import {
  type Configuration,
  ExternalResourceOptions,
  IllegalConfigurationError,
  MesosOptions,
  NettyShuffleEnvironmentOptions,
  TaskManagerOptions,
} from '@flink-ts/core'
import type { WorkerResourceSpec } from '@flink-ts/runtime'
import type { WorkerNeeds } from './worker-launcher.js'

const MB = 1024 * 1024
/** Ports that every TaskManager listens on. */
const OWN_PORTS = [TaskManagerOptions.RPC_PORT, NettyShuffleEnvironmentOptions.DATA_PORT]

/**
 * What such a worker takes of an agent: memory of the whole process rounded up to megabytes, CPUs as `taskmanager.cpu.cores`, else
 * `mesos.resourcemanager.tasks.cpus`, else its slots say, and a port for each that is not fixed.
 *
 * @throws IllegalConfigurationError for an external resource that Mesos cannot count
 */
export function workerNeeds(spec: WorkerResourceSpec, configuration: Configuration): WorkerNeeds {
  const cpus = configuration.get(MesosOptions.TASKS_CPUS)
  const isSaid = cpus > 0 && !configuration.contains(TaskManagerOptions.CPU_CORES)
  return {
    cpus: isSaid ? cpus : spec.cpuCores,
    memoryMb: Math.ceil(spec.totalProcessBytes / MB),
    diskMb: configuration.get(MesosOptions.TASKS_DISK),
    gpus: gpusOf(configuration),
    networkMbps: configuration.get(MesosOptions.TASKS_NETWORK_BANDWIDTH),
    portKeys: portKeys(configuration),
  }
}

/**
 * Whether a worker takes GPUs: the framework says so, or is offered no agent that has some.
 *
 * @throws IllegalConfigurationError for an external resource that Mesos cannot count
 */
export function wantsGpus(configuration: Configuration): boolean {
  return gpusOf(configuration) > 0
}

function gpusOf(configuration: Configuration): number {
  return configuration.getOptional(MesosOptions.TASKS_GPUS) ?? externalGpus(configuration)
}

function portKeys(configuration: Configuration): string[] {
  const free = OWN_PORTS.filter((option) => {
    const value = configuration.get<number | string>(option)
    return String(value).trim() === '0'
  })
  const assigned = configuration.get(MesosOptions.TASKS_PORT_ASSIGNMENTS) ?? []
  return [...new Set([...free.map(({ key }) => key), ...assigned])]
}

/** Of external resources that Mesos counts among GPUs. @throws IllegalConfigurationError */
function externalGpus(configuration: Configuration): number {
  let gpus = 0
  for (const name of configuration.get(ExternalResourceOptions.EXTERNAL_RESOURCE_LIST) ?? []) {
    const prefix = `${ExternalResourceOptions.EXTERNAL_RESOURCES.key}.${name}`
    const kindKey = `${prefix}.mesos.config-key`
    const kind = configuration.getString(kindKey)?.trim()
    if (!kind) continue
    if (kind !== 'gpus') {
      throw new IllegalConfigurationError(
        `Cannot use the value '${kind}' of configuration key '${kindKey}': expected gpus, the one external resource that Mesos counts`,
        { key: kindKey },
      )
    }
    const key = `${prefix}.amount`
    const amount = Number(configuration.getString(key) ?? Number.NaN)
    if (!Number.isSafeInteger(amount) || amount <= 0) {
      throw new IllegalConfigurationError(
        `Cannot ask Mesos for GPUs: '${key}' is ${configuration.getString(key) ?? 'not set'}; expected how many of them each TaskManager has, a number above 0`,
        { key },
      )
    }
    gpus += amount
  }
  return gpus
}
