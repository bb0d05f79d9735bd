import {
  type FileSystems,
  FlinkError,
  type MasterInitContext,
  type ModuleReference,
  type Source,
} from '@flink-ts/core'
import type { JobGraph, OperatorDescriptor } from '../jobgraph/job-graph.js'
import type { CoordinatorFactory } from './coordination/operator-coordinators.js'
import { SourceCoordinator } from './coordination/source-coordinator.js'

/** Imports a module of the cluster by name; its exports. */
export type ModuleLoader = (module: string) => Promise<Readonly<Record<string, unknown>>>

/** A job cannot begin: its description names something that fails, or is not there. */
export class JobInitializationError extends FlinkError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'FLINK_JOB_INITIALIZATION', cause })
    this.name = 'JobInitializationException'
  }
}

/**
 * The factories of a job's operator coordinators, by operator id.
 *
 * @throws JobInitializationError naming the operator and its module
 */
export async function loadCoordinators(
  jobGraph: JobGraph,
  loadModule: ModuleLoader,
  fileSystems: FileSystems,
): Promise<Map<string, CoordinatorFactory>> {
  const factories = new Map<string, CoordinatorFactory>()
  for (const { operators } of jobGraph.vertices) {
    for (const operator of operators) {
      const reference = operator.coordinator
      if (reference === undefined) continue
      const createSource = await loadFunction(operator, reference, loadModule)
      factories.set(operator.operatorId, (context) => {
        const source = createSource(reference.config) as Source<unknown>
        return new SourceCoordinator(source, context, fileSystems)
      })
    }
  }
  return factories
}

/**
 * Runs the `initializeOnMaster` functions of a job's sinks, one after the other.
 *
 * @throws JobInitializationError with what the function threw as its cause
 */
export async function initializeOnMaster(
  jobGraph: JobGraph,
  loadModule: ModuleLoader,
  world: { readonly fileSystems: FileSystems; readonly isRecovered: boolean },
): Promise<void> {
  for (const { operators, parallelism } of jobGraph.vertices) {
    for (const operator of operators) {
      const reference = operator.initializeOnMaster
      if (reference === undefined) continue
      const initialize = await loadFunction(operator, reference, loadModule)
      const context: MasterInitContext = { jobId: jobGraph.jobId, parallelism, ...world }
      try {
        await initialize(reference.config, context)
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new JobInitializationError(
          `Cannot initialize the output of ${operator.name} for job '${jobGraph.name}': ${reason}`,
          cause,
        )
      }
    }
  }
}

async function loadFunction(
  operator: OperatorDescriptor,
  { module, exportName }: ModuleReference,
  loadModule: ModuleLoader,
): Promise<(...args: unknown[]) => unknown> {
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = await loadModule(module)
  } catch (cause) {
    throw new JobInitializationError(
      `Cannot load module '${module}', which operator ${operator.name} names; it must be installed where the JobManager runs`,
      cause,
    )
  }
  const found = Object.hasOwn(exports, exportName) ? exports[exportName] : undefined
  if (typeof found !== 'function') {
    throw new JobInitializationError(
      `Cannot use '${exportName}' of module '${module}', which operator ${operator.name} names: it is not a function of it`,
    )
  }
  return found as (...args: unknown[]) => unknown
}
