import { readFile } from 'node:fs/promises'
import { isHexId } from '@flink-ts/core'
import type { JobDetails } from '@flink-ts/runtime'
import type {
  JobIdsBody,
  JobOverviewBody,
  JobSubmitRequestBody,
  JobSubmitResponseBody,
  JobsOverviewBody,
} from '../messages/messages.js'
import type {
  HandlerContext,
  HandlerRequest,
  Route,
  StoredProgram,
  UploadedFile,
} from '../server/handler.js'
import { RestHandlerError } from '../server/rest-handler-error.js'

function overviewBody(details: JobDetails, nowMs: number): JobOverviewBody {
  const tasks: Record<string, number> = { total: details.totalTasks }
  for (const [state, count] of Object.entries(details.tasksPerState)) {
    tasks[state.toLowerCase()] = count
  }
  return {
    jid: details.jobId,
    name: details.name,
    jobType: details.jobType,
    schedulerType: details.schedulerType,
    'start-time': details.startTimeMs,
    'end-time': details.endTimeMs,
    duration: (details.endTimeMs === -1 ? nowMs : details.endTimeMs) - details.startTimeMs,
    state: details.status,
    'last-modification': details.lastModificationMs,
    tasks,
    'pending-operators': 0,
    ...(details.waitingFor === undefined ? {} : { 'waiting-for': details.waitingFor }),
  }
}

function submitRequest(body: unknown): JobSubmitRequestBody {
  const request = body as Partial<JobSubmitRequestBody> & { jobGraphFileName?: unknown }
  const plan = request.executionPlanFileName ?? request.jobGraphFileName
  const programs = request.jobJarFileNames ?? []
  if (
    typeof plan === 'string' &&
    Array.isArray(programs) &&
    programs.every((name) => typeof name === 'string')
  ) {
    return { executionPlanFileName: plan, jobJarFileNames: programs }
  }
  throw new RestHandlerError('Request did not match expected format JobSubmitRequestBody.', 400)
}

function uploaded(request: HandlerRequest, fileName: string): UploadedFile {
  const file = request.files.find((candidate) => candidate.fileName === fileName)
  if (file !== undefined) return file
  throw new RestHandlerError(
    `The request names the file ${fileName}, but brought ${request.files.map((f) => f.fileName).join(', ') || 'none'}.`,
    400,
  )
}

/** Adds the program's key to the graph; everything else is the Dispatcher's to check. */
async function submitJob(request: HandlerRequest, context: HandlerContext): Promise<string> {
  const names = submitRequest(request.body)
  if (names.jobJarFileNames.length > 1) {
    throw new RestHandlerError('A job takes one program file; put everything into one bundle.', 400)
  }
  const planFile = uploaded(request, names.executionPlanFileName)
  let graph: unknown
  try {
    graph = JSON.parse(await readFile(planFile.path, 'utf8'))
  } catch (error) {
    throw new RestHandlerError(`The job graph ${planFile.fileName} is not JSON.`, 400, error)
  }
  const jobId = (graph as { jobId?: unknown } | null)?.jobId
  if (typeof jobId !== 'string' || !isHexId(jobId)) {
    throw new RestHandlerError('jobId of the job graph must be 32 lower-case hex digits.', 400)
  }
  const [programName] = names.jobJarFileNames
  let stored: StoredProgram | undefined
  if (programName !== undefined) {
    const program = (graph as { program?: unknown }).program
    if (typeof program !== 'object' || program === null) {
      throw new RestHandlerError('A program file came with a job graph without program.', 400)
    }
    stored = await context.storeProgram(uploaded(request, programName))
    graph = { ...(graph as object), program: { ...program, bundleKey: stored.key } }
  }
  try {
    await context.dispatcher().submitJob({ jobGraph: Buffer.from(JSON.stringify(graph)) })
  } finally {
    // An accepted job keeps its program by itself.
    await stored?.release()
  }
  return jobId
}

/** Calls about all jobs, and the submission of one. */
export const jobsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs',
    handler: async (_request, context) => {
      const { jobs } = await context.dispatcher().listJobs({})
      const body: JobIdsBody = { jobs: jobs.map(({ jobId, status }) => ({ id: jobId, status })) }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/overview',
    handler: async (_request, context) => {
      const { jobs } = await context.dispatcher().requestMultipleJobDetails({})
      const nowMs = context.clock.now()
      const body: JobsOverviewBody = { jobs: jobs.map((details) => overviewBody(details, nowMs)) }
      return { body }
    },
  },
  {
    method: 'POST',
    path: '/jobs',
    uploads: true,
    handler: async (request, context) => {
      const body: JobSubmitResponseBody = { jobUrl: `/jobs/${await submitJob(request, context)}` }
      return { statusCode: 202, body }
    },
  },
]
