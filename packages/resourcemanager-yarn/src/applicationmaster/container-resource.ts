import {
  type Configuration,
  ExternalResourceOptions,
  FlinkError,
  IllegalConfigurationError,
  YarnOptions,
} from '@flink-ts/core'
import type { YarnResource } from '@flink-ts/hadoop-rpc'
import type { WorkerResourceSpec } from '@flink-ts/runtime'

const MB = 1024 * 1024

/** Equal for equal sizes. */
export function resourceKey({ memoryMb, vcores, others }: YarnResource): string {
  const named = Object.entries(others).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([memoryMb, vcores, named])
}

/** For people: `2048 MB, 2 vcores, yarn.io/gpu 1`. */
export function describeResource({ memoryMb, vcores, others }: YarnResource): string {
  const named = Object.entries(others).map(([name, amount]) => `${name} ${amount}`)
  return [`${memoryMb} MB`, `${vcores} vcores`, ...named].join(', ')
}

/**
 * The container in which such a worker fits: memory of the whole process rounded up to MB, virtual cores as
 * `yarn.containers.vcores` says or rounded up from its CPUs, and the external resources that YARN counts.
 *
 * @throws IllegalConfigurationError for an external resource without a usable amount
 */
export function containerResource(
  spec: WorkerResourceSpec,
  configuration: Configuration,
): YarnResource {
  const vcores = configuration.get(YarnOptions.CONTAINER_VCORES)
  return {
    memoryMb: Math.ceil(spec.totalProcessBytes / MB),
    vcores: vcores > 0 ? vcores : Math.max(1, Math.ceil(spec.cpuCores)),
    others: externalResources(configuration),
  }
}

/** What a TaskManager has besides memory and cores, by the names of YARN. @throws IllegalConfigurationError */
export function externalResources(configuration: Configuration): Record<string, number> {
  const others: Record<string, number> = {}
  const names = configuration.get(ExternalResourceOptions.EXTERNAL_RESOURCE_LIST) ?? []
  for (const name of names) {
    const prefix = `${ExternalResourceOptions.EXTERNAL_RESOURCES.key}.${name}`
    const resource = configuration.getString(`${prefix}.yarn.config-key`)?.trim()
    if (!resource) continue
    const key = `${prefix}.amount`
    const amount = Number(configuration.getString(key) ?? Number.NaN)
    if (!Number.isSafeInteger(amount) || amount <= 0) {
      throw new IllegalConfigurationError(
        `Cannot ask YARN for ${resource}: '${key}' is ${configuration.getString(key) ?? 'not set'}; expected how many of them each TaskManager has, a number above 0`,
        { key },
      )
    }
    others[resource] = amount
  }
  return others
}

/**
 * Refuses what YARN would refuse, together with all that is asked in the same message.
 *
 * @throws FlinkError FLINK_YARN_CONTAINER_TOO_LARGE with the figures
 */
export function checkResource(wanted: YarnResource, maximum: YarnResource): void {
  const advice: string[] = []
  if (wanted.memoryMb > maximum.memoryMb) {
    advice.push(
      'lower taskmanager.memory.process.size, or raise yarn.scheduler.maximum-allocation-mb of YARN',
    )
  }
  if (wanted.vcores > maximum.vcores) {
    advice.push(
      'lower yarn.containers.vcores or taskmanager.numberOfTaskSlots, or raise yarn.scheduler.maximum-allocation-vcores of YARN',
    )
  }
  for (const [name, amount] of Object.entries(wanted.others)) {
    const most = maximum.others[name] ?? 0
    if (amount > most) advice.push(`YARN has ${most} of ${name} for a container at the most`)
  }
  if (advice.length === 0) return
  throw new FlinkError(
    `Cannot ask YARN for a container of ${describeResource(wanted)}: its largest has ${describeResource(maximum)}; ${advice.join('; ')}`,
    { code: 'FLINK_YARN_CONTAINER_TOO_LARGE' },
  )
}
