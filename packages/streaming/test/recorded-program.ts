import { Configuration, IntCounter, snapshotAccumulator } from '@flink-ts/core'
import {
  installProgramContext,
  type OperatorFactory,
  type ProgramContext,
  type RecordedJob,
} from '@flink-ts/runtime'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const counter = new IntCounter()
counter.add(3)
/** What every job has gathered. */
const ACCUMULATORS = [snapshotAccumulator('n', counter)]

/** Runs a program as a client would, and answers the job of its first `execute`. */
export async function recorded(
  program: (env: StreamExecutionEnvironment) => unknown,
  settings: Record<string, string> = {},
): Promise<RecordedJob> {
  const jobs: RecordedJob[] = []
  const context: ProgramContext = {
    mode: 'submission',
    configuration: Configuration.fromMap(settings),
    execute(job) {
      jobs.push(job)
      const { jobId, name: jobName } = job.jobGraph
      return Promise.resolve({
        jobId,
        result: () =>
          Promise.resolve({ jobId, jobName, netRuntimeMs: 7, accumulators: ACCUMULATORS }),
        status: () => Promise.resolve('FINISHED'),
        cancel: () => Promise.resolve(),
        accumulators: () => Promise.resolve(ACCUMULATORS),
        savepoint: ({ directory = '', end = 'goes on' }) => Promise.resolve(`${directory} ${end}`),
      })
    },
    fromSubmission: async (name, fn) =>
      (name === 'flink-ts.working-directory' ? '/cwd' : await fn()) as Awaited<
        ReturnType<typeof fn>
      >,
  }
  const uninstall = installProgramContext(context)
  try {
    const env = StreamExecutionEnvironment.getExecutionEnvironment()
    await program(env)
    if (jobs.length === 0) await env.execute('test')
  } finally {
    uninstall()
  }
  return jobs[0]!
}

/** The vertices' names in order. */
export function vertexNames(job: RecordedJob): string[] {
  return job.jobGraph.vertices.map((vertex) => vertex.name)
}

/** `Source: A FORWARD B` per edge between vertices. */
export function edgeTexts(job: RecordedJob): string[] {
  const { vertices, edges } = job.jobGraph
  const name = (id: string) => vertices.find((vertex) => vertex.id === id)!.name
  return edges.map((e) => `${name(e.sourceVertexId)} =${e.partitioner}=> ${name(e.targetVertexId)}`)
}

/** The code of the operator with this name. */
export function factoryOf(job: RecordedJob, operatorName: string): OperatorFactory {
  const operators = job.jobGraph.vertices.flatMap((vertex) => vertex.operators)
  const operator = operators.find(({ name }) => name === operatorName)!
  return job.code.operators.get(operator.operatorId)!
}
