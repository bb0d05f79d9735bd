import {
  type Configuration,
  createFileSystems,
  FlinkError,
  IllegalConfigurationError,
  MesosOptions,
  SlotOptions,
} from '@flink-ts/core'
import {
  checkMesosMaster,
  createMesosScheduler,
  type MesosCredentials,
} from '@flink-ts/mesos-client'
import type { ResourceManagerDriver, ResourceManagerDriverContext } from '@flink-ts/runtime'
import { createWorkerLauncher } from '../launch/create-worker-launcher.js'
import { wantsGpus } from '../launch/worker-needs.js'
import { LaunchCoordinator } from '../offers/launch-coordinator.js'
import { processUser } from '../process-user.js'
import { FrameworkIdFile } from './framework-id-file.js'
import { frameworkInfoOf } from './framework-info.js'
import { mastersTls } from './masters-tls.js'
import { MesosResourceManagerDriver } from './mesos-resource-manager-driver.js'

/** Between a request for a TaskManager and the first word about what hinders it. */
const MIN_HINT_AFTER_MS = 500
const MAX_HINT_AFTER_MS = 5_000

/**
 * How `entrypoint` gets the driver of a package that it loads by its name.
 *
 * @throws IllegalConfigurationError for what contradicts itself, or without `mesos.master`
 * @throws FlinkError FLINK_TLS_CONFIGURATION for a store of `mesos.flink-ts.ssl.*` that cannot be used
 * @throws FlinkError FLINK_MESOS_CONFIGURATION if the installation cannot be handed to agents, FLINK_MESOS_NO_PROCESS where there is no
 *   JobManager process for tasks to start from
 */
export async function createResourceManagerDriver(
  context: ResourceManagerDriverContext,
): Promise<ResourceManagerDriver> {
  const { configuration, clock, random, log, addresses, folder, tell } = context
  const world = { configuration, clock, random }
  const master = configuration.get(MesosOptions.MASTER_URL)
  const { key } = MesosOptions.MASTER_URL
  if (master === undefined) {
    throw new IllegalConfigurationError(
      `Cannot start TaskManagers on Mesos: '${key}' is not set; expected where the masters are, such as host:5050 or zk://host:2181/mesos`,
      { key },
    )
  }
  await checkMaster(master)
  if (addresses === undefined || folder === undefined) {
    throw new FlinkError(
      "Cannot start TaskManagers on Mesos: 'resourcemanager.driver: mesos' is for JobManager processes; start one with bin/mesos-appmaster.sh",
      { code: 'FLINK_MESOS_NO_PROCESS' },
    )
  }
  const credentials = credentialsOf(configuration)
  const tls = mastersTls(configuration)
  const idFile = configuration.get(MesosOptions.FRAMEWORK_ID_FILE)
  const settings = {
    roles: configuration.get(MesosOptions.FRAMEWORK_ROLES),
    constraints: configuration.get(MesosOptions.HARD_HOST_ATTRIBUTE_CONSTRAINTS) ?? [],
    networkResourceName: configuration.get(MesosOptions.NETWORK_RESOURCE_NAME),
    declinedOfferRefuseMs: configuration.get(MesosOptions.DECLINED_OFFER_REFUSE_DURATION),
    unusedOfferExpirationMs: configuration.get(MesosOptions.UNUSED_OFFER_EXPIRATION),
    hintAfterMs: hintAfterMs(configuration),
  }
  const needsGpus = wantsGpus(configuration)
  const launcher = await createWorkerLauncher({ ...world, log, addresses, folder })
  return new MesosResourceManagerDriver({
    ...world,
    log,
    ...(tell === undefined ? {} : { tell }),
    framework: async () => {
      const { rest } = await addresses()
      return frameworkInfoOf(configuration, { user: processUser() ?? '', rest, needsGpus })
    },
    ...(idFile === undefined
      ? {}
      : { idFile: new FrameworkIdFile(createFileSystems(world).forPath(idFile), idFile) }),
    createScheduler: () =>
      createMesosScheduler({
        master,
        clock,
        random,
        log: log.child({ component: 'MesosScheduler' }),
        ...(credentials === undefined ? {} : { credentials }),
        ...tls,
      }),
    createOfferTaker: (seam) => new LaunchCoordinator({ ...seam, clock, log, settings }),
    launcher,
  })
}

/** Jobs should know before they give up. */
function hintAfterMs(configuration: Configuration): number {
  const patienceMs = configuration.get(SlotOptions.REQUEST_TIMEOUT)
  return Math.max(MIN_HINT_AFTER_MS, Math.min(MAX_HINT_AFTER_MS, patienceMs / 2))
}

/** Before anything is started for a master that cannot be. @throws IllegalConfigurationError */
async function checkMaster(master: string): Promise<void> {
  try {
    await checkMesosMaster(master)
  } catch (cause) {
    if (!FlinkError.is(cause)) throw cause
    const { key } = MesosOptions.MASTER_URL
    throw new IllegalConfigurationError(
      `Cannot use the value of configuration key '${key}': ${cause.message}`,
      { key, cause },
    )
  }
}

/** @throws IllegalConfigurationError for a secret of nobody */
function credentialsOf(configuration: Configuration): MesosCredentials | undefined {
  const principal = configuration.get(MesosOptions.FRAMEWORK_PRINCIPAL)
  const secret = configuration.get(MesosOptions.FRAMEWORK_SECRET)
  if (secret === undefined) return undefined
  if (principal !== undefined) return { principal, secret }
  const { key } = MesosOptions.FRAMEWORK_PRINCIPAL
  throw new IllegalConfigurationError(
    `Cannot use '${MesosOptions.FRAMEWORK_SECRET.key}' without '${key}': expected whose secret it is`,
    { key },
  )
}
