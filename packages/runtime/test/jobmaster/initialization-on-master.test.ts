import { JobMaster } from '@flink-ts/runtime'
import t from 'tap'
import { settle } from '../testing/cluster.js'
import { jobGraph, vertex } from '../testing/job-graphs.js'
import { FIXED_DELAY, run, userError } from './job-under-test.js'

t.test('JobMaster runs initializeOnMaster once, before the first deployment', async (t) => {
  const reference = { module: 'files', exportName: 'prepare', config: { path: '/out' } }
  const calls: unknown[] = []
  const { cluster } = await run(
    t,
    jobGraph([vertex(1, 1, {}, { initializeOnMaster: reference })]),
    {
      configuration: FIXED_DELAY,
      loadModule: async (module) => ({
        prepare: (config: unknown, context: { parallelism: number }) =>
          void calls.push([module, config, context.parallelism]),
      }),
    },
  )
  const taskManager = await cluster.startTaskManager('tm1', 1)
  await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FAILED', userError)
  await cluster.advance(2000)
  t.strictSame(calls, [['files', { path: '/out' }, 1]])
})

t.test('JobMaster tells initializeOnMaster whether an earlier leader has run it', async (t) => {
  const reference = { module: 'files', exportName: 'prepare', config: 0 }
  const graph = jobGraph([vertex(1, 1, {}, { initializeOnMaster: reference })])
  const seen: boolean[] = []
  const { cluster, jobMaster } = await run(t, graph, {
    loadModule: async () => ({
      prepare: (_config: unknown, { isRecovered }: { isRecovered: boolean }) =>
        void seen.push(isRecovered),
    }),
  })
  await jobMaster.close()
  const next = new JobMaster({
    jobGraph: graph,
    ...cluster.jobManagerServices,
    loadModule: async () => ({
      prepare: (_config: unknown, { isRecovered }: { isRecovered: boolean }) =>
        void seen.push(isRecovered),
    }),
    resourceId: 'jm2',
    fencingToken: { epoch: 4, uuid: 'next' },
    onJobTerminated: () => {},
  })
  await next.start()
  await settle()
  await next.close()
  t.strictSame(seen, [false, true])
})

t.test('JobMaster fails the job, and restarts nothing, when initialization fails', async (t) => {
  const reference = { module: 'files', exportName: 'prepare', config: 0 }
  const graph = jobGraph([vertex(1, 1, {}, { initializeOnMaster: reference })])
  const { ended } = await run(t, graph, {
    configuration: FIXED_DELAY,
    loadModule: async () => ({
      prepare: async () => {
        throw new Error('/out exists')
      },
    }),
  })
  t.match(ended, [
    {
      status: 'FAILED',
      failureCause: { message: /op1.*\/out exists/, cause: { message: '/out exists' } },
      exceptionHistory: [{ error: { name: 'JobInitializationException' } }],
    },
  ])
  const missing = await run(t, graph, { loadModule: async () => ({}) })
  t.match(missing.ended, [{ failureCause: { message: /'prepare' of module 'files'/ } }])
})
