import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Configuration, FlinkError, noopLogger, SystemRandom } from '@flink-ts/core'
import type { ClusterDescriptor, ClusterDescriptorFactory } from '@flink-ts/runtime'
import type { ActionContext } from '../actions/action.js'
import { configurationFolder, flinkHome } from '../flink-home.js'
import type { DeployedTarget } from './target.js'

const SCOPE = '@flink-ts'
const PREFIX = 'resourcemanager-'

/** Begins to load what deploys clusters on the cluster manager of a target: {@link loadClusterDescriptor} tells what is wrong with it. */
export function preloadClusterDescriptor(
  target: Pick<DeployedTarget, 'platform'>,
  context: ActionContext,
): void {
  importDeployment(target, context).catch(() => {})
}

/**
 * Loads what deploys clusters on the cluster manager of a target.
 *
 * @param options.signal aborted when the person gives up
 * @throws FlinkError FLINK_UNKNOWN_TARGET naming what is installed
 */
export async function loadClusterDescriptor(
  target: Pick<DeployedTarget, 'name' | 'platform'>,
  context: ActionContext,
  options: { readonly configuration: Configuration; readonly signal?: AbortSignal },
): Promise<ClusterDescriptor> {
  const { clock, terminal, environment, workingDirectory } = context
  const packageName = deploymentPackage(target)
  let module: DeploymentModule
  try {
    module = await importDeployment(target, context)
  } catch (cause) {
    if (!isMissing(cause, target.platform)) throw cause
    throw unknownTarget(target, `${packageName} is not installed`)
  }
  const { createClusterDescriptor } = module
  if (createClusterDescriptor === undefined) {
    throw unknownTarget(target, `${packageName} has no createClusterDescriptor`)
  }
  return createClusterDescriptor({
    configuration: options.configuration,
    clock,
    random: new SystemRandom(),
    log: noopLogger,
    environment,
    flinkHome: flinkHome(environment),
    configurationFolder: configurationFolder(environment),
    workingDirectory,
    tell: (line) => terminal.err(line),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
}

interface DeploymentModule {
  readonly createClusterDescriptor?: ClusterDescriptorFactory
}

const deploymentPackage = ({ platform }: Pick<DeployedTarget, 'platform'>) =>
  `${SCOPE}/${PREFIX}${platform}/deployment`

async function importDeployment(
  target: Pick<DeployedTarget, 'platform'>,
  context: ActionContext,
): Promise<DeploymentModule> {
  const importModule = context.importModule ?? ((name: string) => import(name))
  return (await importModule(deploymentPackage(target))) as DeploymentModule
}

/** Whether the package itself is not there; one of its own that is missing is another matter. */
function isMissing(error: unknown, platform: string): boolean {
  const { code, message = '' } = error as NodeJS.ErrnoException
  return (
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') &&
    message.includes(`${PREFIX}${platform}`)
  )
}

function unknownTarget({ name }: Pick<DeployedTarget, 'name'>, why: string): FlinkError {
  const platforms = installedPlatforms()
  const deployed = platforms.flatMap((platform) =>
    ['session', 'per-job', 'application'].map((mode) => `${platform}-${mode}`),
  )
  return new FlinkError(
    `Cannot use the target "${name}": ${why}; there are ${['remote', 'local', ...deployed].join(', ')}`,
    { code: 'FLINK_UNKNOWN_TARGET' },
  )
}

/** Of packages that export `./deployment` where Node finds them from here. */
function installedPlatforms(): string[] {
  const paths = createRequire(import.meta.url).resolve.paths(`${SCOPE}/any`) ?? []
  const found = new Set<string>()
  for (const folder of paths.map((path) => join(path, SCOPE))) {
    for (const name of namesIn(folder)) {
      if (name.startsWith(PREFIX) && deploys(join(folder, name))) {
        found.add(name.slice(PREFIX.length))
      }
    }
  }
  return [...found].sort()
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // One of the places where Node would look, too.
    return []
  }
}

function deploys(packageFolder: string): boolean {
  try {
    const manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'))
    return manifest.exports?.['./deployment'] !== undefined
  } catch {
    return false
  }
}
