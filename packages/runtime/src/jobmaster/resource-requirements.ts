import { FlinkError } from '@flink-ts/core'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { JobResourceRequirements as RequirementsMessage } from '../messages/messages.generated.js'
import {
  checkRequirements,
  type JobResourceRequirements,
} from '../scheduler/adaptive/parallelism-bounds.js'
import type { Scheduler } from '../scheduler/scheduler.js'

/** The job's parallelism is fixed. */
export class RescalingUnsupportedError extends FlinkError {
  constructor(facts: { jobId: string; scheduler: string }) {
    super(
      `The parallelism of job ${facts.jobId} has no bounds that could be shown or changed: it is run by the ` +
        `${facts.scheduler} scheduler; run streaming jobs with jobmanager.scheduler: Adaptive`,
      { code: 'FLINK_RESCALING_UNSUPPORTED' },
    )
  }
}

/** @throws RescalingUnsupportedError */
export function requestRequirements(jobId: string, scheduler: Scheduler): RequirementsMessage {
  const { requirements } = scheduler
  if (requirements === undefined) {
    throw new RescalingUnsupportedError({ jobId, scheduler: scheduler.type })
  }
  return {
    vertices: [...requirements].map(([vertexId, bounds]) => ({ vertexId, ...bounds })),
  }
}

/** @throws RescalingUnsupportedError, InvalidResourceRequirementsError */
export function checkRequirementsOf(
  jobGraph: JobGraph,
  scheduler: Scheduler,
  message: RequirementsMessage,
): void {
  if (scheduler.updateRequirements === undefined) {
    throw new RescalingUnsupportedError({ jobId: jobGraph.jobId, scheduler: scheduler.type })
  }
  checkRequirements(jobGraph, boundsOf(message))
}

/** @throws RescalingUnsupportedError, InvalidResourceRequirementsError */
export function updateRequirements(
  jobId: string,
  scheduler: Scheduler,
  message: RequirementsMessage,
): void {
  if (scheduler.updateRequirements === undefined) {
    throw new RescalingUnsupportedError({ jobId, scheduler: scheduler.type })
  }
  scheduler.updateRequirements(boundsOf(message))
}

function boundsOf({ vertices }: RequirementsMessage): JobResourceRequirements {
  return new Map(
    vertices.map(({ vertexId, lowerBound, upperBound }) => [vertexId, { lowerBound, upperBound }]),
  )
}
