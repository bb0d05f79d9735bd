import t from 'tap'
import { settle } from '../testing/cluster.js'
import { jobGraph, vertex } from '../testing/job-graphs.js'
import { FIXED_DELAY, run, states, twoVertices, userError } from './job-under-test.js'

t.test('JobMaster cancels in each state', async (t) => {
  t.test('waiting for slots', async (t) => {
    const { jobMaster, ended } = await run(t, jobGraph([vertex(1, 1)]))
    await jobMaster.cancelJob()
    await settle()
    t.match(ended, [{ status: 'CANCELED' }])
  })
  t.test('initializing', async (t) => {
    const graph = jobGraph([
      vertex(1, 1, {}, { initializeOnMaster: { module: 'm', exportName: 'f', config: 0 } }),
    ])
    const { jobMaster, ended, cluster } = await run(t, graph, {
      loadModule: () => new Promise(() => {}),
    })
    t.equal(jobMaster.jobStatus, 'INITIALIZING')
    await jobMaster.cancelJob()
    await settle()
    t.match(ended, [{ status: 'CANCELED' }])
    t.equal(cluster.resourceManager.jobMaster, undefined)
  })
  t.test('deploying: the cancellation waits for the answer of the submission', async (t) => {
    const { jobMaster, ended, cluster, info } = await run(t, jobGraph([vertex(1, 1)]))
    const taskManager = await cluster.startTaskManager('tm1')
    let answer = () => {}
    const submit = taskManager.submitTask
    taskManager.submitTask = async (request) => {
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return submit(request)
    }
    await taskManager.offer(1)
    await settle()
    await jobMaster.cancelJob()
    await settle()
    t.strictSame(states(info()), ['CANCELING'])
    t.strictSame(taskManager.cancelled, [])
    answer()
    await settle()
    t.equal(taskManager.cancelled.length, 1)
    t.match(ended, [{ status: 'CANCELED' }])
  })
  t.test('running', async (t) => {
    const { jobMaster, ended, cluster } = await run(t, twoVertices())
    await cluster.startTaskManager('tm1', 2)
    await jobMaster.cancelJob()
    await jobMaster.cancelJob()
    await settle()
    t.match(ended, [{ status: 'CANCELED' }])
    t.same(ended[0]!.failureCause, undefined)
  })
  t.test('restarting: no restart follows', async (t) => {
    const { jobMaster, ended, cluster } = await run(t, twoVertices(), {
      configuration: FIXED_DELAY,
    })
    const taskManager = await cluster.startTaskManager('tm1', 2)
    await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FAILED', userError)
    await settle()
    t.equal(jobMaster.jobStatus, 'RESTARTING')
    await jobMaster.cancelJob()
    await cluster.advance(5000)
    t.match(ended, [{ status: 'CANCELED' }])
    t.equal(taskManager.deployed.length, 4)
  })
  t.test('failing: CANCELED in the end', async (t) => {
    const { jobMaster, ended, cluster } = await run(t, twoVertices())
    const taskManager = await cluster.startTaskManager('tm1', 2)
    taskManager.obedient = false
    await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FAILED', userError)
    await settle()
    t.equal(jobMaster.jobStatus, 'FAILING')
    await jobMaster.cancelJob()
    t.equal(jobMaster.jobStatus, 'CANCELLING')
    for (const { executionAttemptId } of taskManager.deployed.slice(1)) {
      await taskManager.report(executionAttemptId, 'CANCELED')
    }
    await settle()
    t.match(ended, [{ status: 'CANCELED' }])
  })
  t.test('running on a TaskManager that does not know the task', async (t) => {
    const { jobMaster, ended, cluster } = await run(t, jobGraph([vertex(1, 1)]))
    const taskManager = await cluster.startTaskManager('tm1', 1)
    taskManager.cancelTask = async () => {
      throw new Error('no such task')
    }
    await jobMaster.cancelJob()
    await settle()
    t.match(ended, [{ status: 'CANCELED' }])
  })
})
