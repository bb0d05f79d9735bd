import type { ExecutionGraphInfo, JobGraph } from '@flink-ts/runtime'
import { edge, jobGraph, vertex } from '../testing/job-graphs.js'
import { RunningJob } from '../testing/running-job.js'

export const userError = { name: 'RangeError', message: 'boom' }

export const FIXED_DELAY = {
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '3',
  'restart-strategy.fixed-delay.delay': '2 s',
}

/** A job of a JobMaster, in a cluster that is the test. */
export async function run(
  t: { teardown(fn: () => unknown): void },
  graph: JobGraph,
  options: {
    configuration?: Record<string, string>
    loadModule?: (module: string) => Promise<Record<string, unknown>>
  } = {},
) {
  const job = await RunningJob.start(t, graph, options.configuration, options.loadModule)
  const { cluster, jobMaster, ended } = job
  return { cluster, jobMaster, ended, info: () => job.info }
}

export function states(info: ExecutionGraphInfo): string[] {
  return info.vertices.flatMap(({ subtasks }) => subtasks.map(({ current }) => current.state))
}

export const twoVertices = () => jobGraph([vertex(1, 2), vertex(2, 2)], [edge(1, 2)])
