import type { ModuleReference } from '@flink-ts/core'
import { OperatorCodeError } from '../operators/operator-code-error.js'
import type { EdgeFunctions, JobCode, OperatorFactory } from '../operators/stream-operator.js'
import type { TaskDeployment } from '../taskmanager/task-launcher.js'

/** Code of a job of which no operator is traced. */
export const NO_TRACED_CODE: JobCode = { operators: new Map(), edges: new Map() }

/**
 * Adds to `traced` what the task's operators and edges have in modules of the cluster.
 *
 * @throws OperatorCodeError when a module or its export is not there
 */
export async function withModuleCode(
  deployment: TaskDeployment,
  traced: JobCode,
): Promise<JobCode> {
  const { vertex, outputEdges } = deployment.task
  const operators = new Map(traced.operators)
  const edges = new Map(traced.edges)
  for (const { operatorId, name, code } of vertex.operators) {
    if (code.kind !== 'module') continue
    operators.set(operatorId, (await loadModuleCode(code, name)) as OperatorFactory)
  }
  for (const { id, partitionerCode } of outputEdges) {
    if (partitionerCode?.kind !== 'module') continue
    edges.set(id, (await loadModuleCode(partitionerCode, id)) as EdgeFunctions)
  }
  return { ...traced, operators, edges }
}

async function loadModuleCode(reference: ModuleReference, operatorName: string): Promise<unknown> {
  const { module, exportName, config } = reference
  let exports: Record<string, unknown>
  try {
    exports = (await import(module)) as Record<string, unknown>
  } catch (cause) {
    throw new OperatorCodeError(
      `Could not load the code of "${operatorName}": module ${module} cannot be imported`,
      { operatorName, cause },
    )
  }
  const make = exports[exportName]
  if (typeof make !== 'function') {
    throw new OperatorCodeError(
      `Could not load the code of "${operatorName}": module ${module} has no function ${exportName}`,
      { operatorName },
    )
  }
  return make(config)
}
