import {
  type Configuration,
  deriveJobManagerMemory,
  deriveTaskManagerMemory,
  isHighlyAvailable,
  TaskManagerOptions,
  YarnOptions,
} from '@flink-ts/core'
import { ClusterSecret } from '@flink-ts/core/security'
import type { LocalResource } from '@flink-ts/hadoop-rpc'
import { externalResources } from '../applicationmaster/container-resource.js'
import type { ApplicationSubmission } from '../rest/resource-manager-records.js'
import { allOrFirstError } from '../staging/all-or-first-error.js'
import { clusterConfiguration, renderConfiguration } from '../staging/cluster-configuration.js'
import { HOME_LINK, NODE_LINK, type RuntimeFiles, runtimeFiles } from '../staging/runtime-files.js'
import { shippedFiles } from '../staging/shipped-files.js'
import { applicationAccess } from './application-access.js'
import { type ContainerSize, checkCapacity } from './check-capacity.js'
import { DeploymentInterruptedError } from './deployment-error.js'
import { containerEnvironment, type JobManagerMain, jobManagerLaunch } from './launch-context.js'
import { type Begun, takeBack } from './take-back.js'
import { DEPLOYMENT_FILE, type YarnDeployment } from './yarn-deployment.js'
import type { ApplicationAccess, YarnWorld } from './yarn-world.js'

const MB = 1024 * 1024
const CONFIGURATION_FILE = 'config.yaml'
export const SECRET_FILE = 'cluster-secret'
/** What containers have in their folder beside what is shipped; the second configuration would win over the first. */
const RESERVED_NAMES = [
  CONFIGURATION_FILE,
  'flink-conf.yaml',
  SECRET_FILE,
  DEPLOYMENT_FILE,
  NODE_LINK,
  HOME_LINK,
  'tmp',
  'container_tokens',
  'launch_container.sh',
]
const PRIVATE_FILE = { type: 'FILE', visibility: 'APPLICATION' } as const

/** What is deployed. */
export interface ApplicationPlan {
  /** Unless `yarn.application.name` says another. */
  readonly name: string
  readonly main: JobManagerMain
  readonly mainArguments: readonly string[]
  readonly programArguments: readonly string[]
  /** Files of the JobManager alone, by their names in its container. */
  readonly files: Readonly<Record<string, Uint8Array>>
}

export interface DeployedApplication {
  readonly applicationId: string
  readonly secret: ClusterSecret
}

/**
 * Stages the files of an application and submits it. Returns when YARN has taken it, which says nothing about its start. What was
 * begun is taken back when anything fails or the person gives up.
 */
export async function deployApplication(
  world: YarnWorld,
  plan: ApplicationPlan,
): Promise<DeployedApplication> {
  const { signal } = world.context
  const begun: Begun = {}
  try {
    signal?.throwIfAborted()
    return await new Deployment(world, plan, applicationAccess(world, signal)).run(begun)
  } catch (error) {
    if (begun.applicationId !== undefined) {
      await takeBack(world, begun.applicationId, begun)
    }
    if (!signal?.aborted) throw error
    throw new DeploymentInterruptedError(begun.applicationId, error)
  }
}

class Deployment {
  readonly #world: YarnWorld
  readonly #plan: ApplicationPlan
  readonly #access: ApplicationAccess
  readonly #configuration: Configuration

  constructor(world: YarnWorld, plan: ApplicationPlan, access: ApplicationAccess) {
    this.#world = world
    this.#plan = plan
    this.#access = access
    this.#configuration = world.context.configuration
  }

  async run(begun: Begun): Promise<DeployedApplication> {
    const { resourceManager, staging } = this.#access
    const { tell, log, signal } = this.#world.context
    const jobManager = this.#jobManagerSize()
    const [{ applicationId, maximumCapability }, metrics, scheduler] = await Promise.all([
      resourceManager.newApplication(),
      resourceManager.metrics(),
      resourceManager.scheduler(),
    ])
    const notes = checkCapacity({
      queue: this.#configuration.get(YarnOptions.APPLICATION_QUEUE),
      jobManager,
      taskManager: {
        ...this.#taskManagerSize(),
        others: externalResources(this.#configuration),
      },
      maximum: maximumCapability,
      step: this.#memoryStep(scheduler.type),
      hasNodeLabel: this.#configuration.contains(YarnOptions.APPLICATION_NODE_LABEL),
      metrics,
      scheduler,
    })
    for (const note of notes) tell(note)

    Object.assign(begun, { applicationId, isStaged: false })
    const folder = await staging.create(applicationId)
    begun.isStaged = true
    const secret = ClusterSecret.random()
    const staged = await this.#stage(applicationId, folder, secret)
    signal?.throwIfAborted()
    const submission = this.#submission(applicationId, jobManager, staged)
    begun.isSubmitted = true
    await resourceManager.submit(submission)
    log.info('Submitted an application', { applicationId, folder })
    return { applicationId, secret }
  }

  /** @returns how TaskManagers start, and the files of the JobManager */
  async #stage(
    applicationId: string,
    folder: string,
    secret: ClusterSecret,
  ): Promise<{
    readonly deployment: YarnDeployment
    readonly resources: Readonly<Record<string, LocalResource>>
  }> {
    const { staging } = this.#access
    const { yarn } = this.#world
    const prepare = (name: string, content: Uint8Array) =>
      staging.prepare(`${folder}/${name}`, content, PRIVATE_FILE)
    const cluster = clusterConfiguration(this.#configuration, {
      applicationId,
      attempts: this.#attempts(),
      nameNodes: yarn.nameNodes,
    })
    const configuration = prepare(CONFIGURATION_FILE, Buffer.from(renderConfiguration(cluster)))
    const secretFile = prepare(SECRET_FILE, Buffer.from(secret.fileText()))
    const own = Object.entries(this.#plan.files).map(
      ([name, content]) => [name, prepare(name, content)] as const,
    )
    const others = async () => {
      const [runtime, shipped] = await allOrFirstError([
        this.#runtimeFiles(),
        this.#shippedFiles(folder),
      ] as const)
      const deployment = this.#deployment(applicationId, folder, runtime, {
        ...runtime.localResources,
        ...shipped,
        [CONFIGURATION_FILE]: configuration.resource,
        [SECRET_FILE]: secretFile.resource,
      })
      const file = prepare(DEPLOYMENT_FILE, Buffer.from(JSON.stringify(deployment)))
      await file.upload()
      return { deployment, deploymentFile: file.resource }
    }
    const [{ deployment, deploymentFile }] = await allOrFirstError([
      others(),
      ...[configuration, secretFile, ...own.map(([, file]) => file)].map((file) => file.upload()),
    ] as const)
    return {
      deployment,
      resources: {
        ...deployment.localResources,
        [DEPLOYMENT_FILE]: deploymentFile,
        ...Object.fromEntries(own.map(([name, { resource }]) => [name, resource])),
      },
    }
  }

  /** @param localResources what all containers have */
  #deployment(
    applicationId: string,
    stagingFolder: string,
    { nodePath, homePath, mainsPath }: RuntimeFiles,
    localResources: Readonly<Record<string, LocalResource>>,
  ): YarnDeployment {
    const { yarn } = this.#world
    return {
      formatVersion: 1,
      applicationId,
      stagingFolder,
      nodePath,
      homePath,
      mainsPath,
      localResources,
      environment: containerEnvironment(
        this.#configuration.get(YarnOptions.TASK_MANAGER_ENVIRONMENT),
        yarn.userName,
        'taskmanager.log',
      ),
      schedulerAddresses: yarn.schedulers,
    }
  }

  #runtimeFiles(): ReturnType<typeof runtimeFiles> {
    const { context, ...world } = this.#world
    const { files, staging } = this.#access
    const { flinkHome, tell } = context
    const configuration = this.#configuration
    return runtimeFiles({ ...world, configuration, staging, files, flinkHome, tell })
  }

  #shippedFiles(folder: string): ReturnType<typeof shippedFiles> {
    return shippedFiles({
      shipFiles: this.#configuration.get(YarnOptions.SHIP_FILES) ?? [],
      shipArchives: this.#configuration.get(YarnOptions.SHIP_ARCHIVES) ?? [],
      workingDirectory: this.#world.context.workingDirectory,
      files: this.#access.files,
      staging: this.#access.staging,
      folder,
      reservedNames: new Set([...RESERVED_NAMES, ...Object.keys(this.#plan.files)]),
    })
  }

  #submission(
    applicationId: string,
    resource: ContainerSize,
    staged: {
      readonly deployment: YarnDeployment
      readonly resources: Readonly<Record<string, LocalResource>>
    },
  ): ApplicationSubmission {
    const configuration = this.#configuration
    const { main, mainArguments, programArguments } = this.#plan
    const priority = configuration.get(YarnOptions.APPLICATION_PRIORITY)
    return {
      applicationId,
      name: configuration.get(YarnOptions.APPLICATION_NAME) ?? this.#plan.name,
      type: configuration.get(YarnOptions.APPLICATION_TYPE) ?? 'Apache Flink',
      tags: (configuration.get(YarnOptions.APPLICATION_TAGS) ?? '')
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
      queue: configuration.get(YarnOptions.APPLICATION_QUEUE),
      priority: priority < 0 ? undefined : priority,
      maxAttempts: this.#attempts(),
      keepContainers: isHighlyAvailable(configuration),
      attemptFailuresValidityIntervalMs: isHighlyAvailable(configuration)
        ? configuration.get(YarnOptions.APPLICATION_ATTEMPT_FAILURE_VALIDITY_INTERVAL)
        : -1,
      nodeLabelExpression: configuration.get(YarnOptions.APPLICATION_NODE_LABEL),
      resource,
      launchContext: jobManagerLaunch({
        deployment: staged.deployment,
        configuration,
        userName: this.#world.yarn.userName,
        main,
        mainArguments,
        programArguments,
        localResources: staged.resources,
      }),
      acls: {
        view: configuration.get(YarnOptions.VIEW_ACLS),
        modify: configuration.get(YarnOptions.MODIFY_ACLS),
      },
      rolledLogs: {
        include: configuration.get(YarnOptions.ROLLED_LOGS_INCLUDE_PATTERN),
        exclude: configuration.get(YarnOptions.ROLLED_LOGS_EXCLUDE_PATTERN),
      },
    }
  }

  /** Of what the client's files say; YARN's REST API does not tell. */
  #memoryStep(schedulerType: string): { mb: number; key: string } | undefined {
    const { hadoop } = this.#world.yarn
    const keys =
      schedulerType === 'fairScheduler'
        ? [
            'yarn.resource-types.memory-mb.increment-allocation',
            'yarn.scheduler.increment-allocation-mb',
          ]
        : ['yarn.scheduler.minimum-allocation-mb']
    const key = keys.find((each) => Number(hadoop.get(each)) > 0)
    return key === undefined ? undefined : { key, mb: Number(hadoop.get(key)) }
  }

  #attempts(): number {
    const given = this.#configuration.get(YarnOptions.APPLICATION_ATTEMPTS)
    if (given !== undefined) return given
    if (!isHighlyAvailable(this.#configuration)) return 1
    return Number(this.#world.yarn.hadoop.get('yarn.resourcemanager.am.max-attempts') ?? 2)
  }

  #jobManagerSize(): ContainerSize {
    const { totalProcessMemory } = deriveJobManagerMemory(this.#configuration)
    return {
      memoryMb: Math.ceil(totalProcessMemory / MB),
      vcores: this.#configuration.get(YarnOptions.APP_MASTER_VCORES),
    }
  }

  #taskManagerSize(): ContainerSize {
    const configuration = this.#configuration
    const given = configuration.get(YarnOptions.CONTAINER_VCORES)
    const cpus =
      configuration.get(TaskManagerOptions.CPU_CORES) ??
      configuration.get(TaskManagerOptions.NUM_TASK_SLOTS)
    return {
      memoryMb: Math.ceil(deriveTaskManagerMemory(configuration).totalProcessMemory / MB),
      vcores: given > 0 ? given : Math.max(1, Math.ceil(cpus)),
    }
  }
}
