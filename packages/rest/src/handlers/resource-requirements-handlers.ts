import { isHexId } from '@flink-ts/core'
import type { JobResourceRequirements } from '@flink-ts/runtime'
import type { JobResourceRequirementsBody } from '../messages/messages.js'
import type { Route } from '../server/handler.js'
import { hexPathParameter } from '../server/parameters.js'
import { RestHandlerError } from '../server/rest-handler-error.js'

/** Bounds of the parallelism of jobs that the adaptive scheduler runs. */
export const resourceRequirementsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs/:jobid/resource-requirements',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const { vertices } = await context.dispatcher().requestJobResourceRequirements({ jobId })
      const body: JobResourceRequirementsBody = Object.fromEntries(
        vertices.map(({ vertexId, lowerBound, upperBound }) => [
          vertexId,
          { parallelism: { lowerBound, upperBound } },
        ]),
      )
      return { body }
    },
  },
  {
    method: 'PUT',
    path: '/jobs/:jobid/resource-requirements',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const requirements = requirementsOf(request.body)
      await context.dispatcher().updateJobResourceRequirements({ jobId, requirements })
      return { body: {} }
    },
  },
]

/** @throws RestHandlerError 400 naming what is not as expected */
function requirementsOf(body: unknown): JobResourceRequirements {
  const entries = Object.entries(isRecord(body) ? body : {})
  if (entries.length === 0) {
    refuse('expected {"<vertex id>": {"parallelism": {"lowerBound": n, "upperBound": m}}, …}')
  }
  const vertices = entries.map(([vertexId, value]) => {
    if (!isHexId(vertexId)) refuse(`"${vertexId}" is no vertex id`)
    const parallelism = isRecord(value) ? value['parallelism'] : undefined
    const bound = (name: 'lowerBound' | 'upperBound'): number => {
      const number = isRecord(parallelism) ? parallelism[name] : undefined
      if (
        typeof number === 'number' &&
        Number.isSafeInteger(number) &&
        Math.abs(number) < 2 ** 31
      ) {
        return number
      }
      return refuse(`vertex ${vertexId} has no integer parallelism.${name}`)
    }
    return { vertexId, lowerBound: bound('lowerBound'), upperBound: bound('upperBound') }
  })
  return { vertices }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(problem: string): never {
  throw new RestHandlerError(
    `Request did not match expected format JobResourceRequirementsBody: ${problem}.`,
    400,
  )
}
