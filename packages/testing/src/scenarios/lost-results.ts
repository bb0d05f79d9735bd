import assert from 'node:assert/strict'
import type { ExecutionGraphInfo } from '@flink-ts/runtime'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { expectFinished } from './expectations.js'
import type { Scenario } from './scenario.js'
import { wordCountJob } from './word-count-job.js'

export const lostResults: Scenario = {
  name: 'lost-results',
  description:
    'TaskManagers with results of a batch job die between its stages; what was lost is made again, and only that.',
  async run({ random, start }) {
    const cluster = await start({
      taskManagers: 3,
      maxTurnMs: 20 + random.next() * 200,
      configuration: CHAOS_CONFIGURATION,
    })
    const { program, check } = await wordCountJob(cluster, random, { lines: 100 })
    const job = await cluster.submit(program)
    const crashed = new Set<string>()
    const crashes = 1 + random.nextInt(3)
    for (let i = 0; i < crashes; i++) {
      await cluster.advance(random.next() * 6_000)
      if (job.hasEnded) break
      const { taskManagers } = cluster
      const number = taskManagers[random.nextInt(taskManagers.length)]!
      crashed.add(`tm-${number}`)
      cluster.crashTaskManager(number, { silent: random.next() < 0.3 })
      if (random.next() < 0.3) await cluster.advance(random.next() * 2_000)
      // At the same address, or at another one.
      await cluster.startTaskManager(random.next() < 0.5 ? number : undefined)
    }
    const info = await job.end()
    expectFinished(info)
    expectKept(info, crashed)
    await check(cluster)
  },
}

/** A source has no input that could be lost: it runs again only if its own TaskManager has died. */
function expectKept(
  { jobGraph, vertices }: ExecutionGraphInfo,
  crashed: ReadonlySet<string>,
): void {
  const withInput = new Set<string>(jobGraph.edges.map(({ targetVertexId }) => targetVertexId))
  for (const { vertexId, subtasks } of vertices) {
    if (withInput.has(vertexId)) continue
    for (const { subtaskIndex, history } of subtasks) {
      for (const { attemptNumber, state, location } of history) {
        assert(
          location === undefined || crashed.has(location.host),
          `attempt ${attemptNumber} of source subtask ${subtaskIndex} was ${state} on ${location?.host}, which lives, and was repeated`,
        )
      }
    }
  }
}
