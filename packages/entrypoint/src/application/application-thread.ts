import { parentPort, workerData } from 'node:worker_threads'
import { Configuration, deserializeError, serializeError } from '@flink-ts/core'
import {
  JobExecutionError,
  type JobStatus,
  type ProgramDescriptor,
  type RecordedJob,
  SubmissionRecorder,
  type SubmittedJob,
} from '@flink-ts/runtime/program'
import { ApplicationError } from './application-error.js'
import type {
  ApplicationAnswer,
  ApplicationAnswers,
  ApplicationCall,
  ApplicationReport,
  ApplicationThreadData,
  JobOutcome,
} from './application-thread-messages.js'

/** Runs the program of an application cluster: the main thread stays responsive, whatever the program does. */
const port = parentPort!
const data = workerData as ApplicationThreadData
const report = (message: ApplicationReport) => port.postMessage(message)
const waiting = new Map<
  number,
  { resolve: (value: unknown) => void; reject: (error: Error) => void }
>()
let calls = 0
let submissions = 0

port.on('message', (answer: ApplicationAnswer) => {
  const caller = waiting.get(answer.id)
  waiting.delete(answer.id)
  // A program that waits for nothing else is told that it waits for ever, as it would be in a process of its own.
  if (waiting.size === 0) port.unref()
  if ('error' in answer) caller?.reject(deserializeError(answer.error))
  else caller?.resolve(answer.value)
})
port.unref()

function call<T extends ApplicationCall>(message: T): Promise<ApplicationAnswers[T['type']]> {
  const id = calls++
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
    port.ref()
    report({ type: 'call', id, call: message })
  })
}

async function submit(job: RecordedJob, program: ProgramDescriptor): Promise<SubmittedJob> {
  if (data.jobId !== undefined && submissions > 0) {
    throw new ApplicationError(
      'Cannot have more than one execute() or executeAsync() call in an application whose job has a fixed id ' +
        '(--job-id, high availability)',
      data,
    )
  }
  submissions++
  const jobId = data.jobId ?? job.jobGraph.jobId
  await call({
    type: 'submit',
    jobId,
    jobGraph: JSON.stringify({ ...job.jobGraph, jobId, program }),
  })
  return {
    jobId,
    status: async () => (await call({ type: 'status', jobId })) as JobStatus,
    cancel: () => call({ type: 'cancel', jobId }),
    accumulators: () => call({ type: 'accumulators', jobId }),
    savepoint: (request) => call({ type: 'savepoint', jobId, request }),
    result: async () => resultOf(await call({ type: 'result', jobId })),
  }
}

function resultOf({ status, failureCause, ...result }: JobOutcome) {
  if (status === 'FINISHED') return result
  const { jobId, jobName } = result
  const how = status === 'CANCELED' ? 'was cancelled' : 'failed'
  throw new JobExecutionError(`Job '${jobName}' ${how} (JobID: ${jobId})`, {
    jobId,
    status,
    ...(failureCause === undefined ? {} : { cause: deserializeError(failureCause) }),
  })
}

/** The job for which the program gave up, if that was the reason. */
function failedJobOf(error: unknown): string | undefined {
  const seen = new Set<unknown>()
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at)
    if (at instanceof JobExecutionError) return at.jobId
  }
  return undefined
}

process.setSourceMapsEnabled(true)
const recorder = new SubmissionRecorder({
  programPath: data.programPath,
  programName: data.programName,
  ...(data.entryPoint === undefined ? {} : { entryPoint: data.entryPoint }),
  args: data.args,
  configuration: Configuration.fromMap(data.configuration),
  submissionTimeMs: data.submissionTimeMs,
  randomSeed: data.randomSeed,
  bundleKey: data.bundleKey,
  submit,
})
recorder.run().then(
  (executions) => report({ type: 'ended', executions }),
  (error) => {
    const jobId = failedJobOf(error)
    report({ type: 'failed', error: serializeError(error), ...(jobId ? { jobId } : {}) })
  },
)
