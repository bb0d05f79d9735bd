import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { CountedJob } from '../support/counted-job.js'
import { freePorts } from '../support/free-port.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { PROJECT_FOLDER } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'
import { jobSession, submitAndRun, untilTasks } from './observations.js'
import { TestScheduler } from './test-scheduler.js'

const SECONDS = 3

/** JobManagers that somebody starts again, without high availability. */
export async function testSupervised(t: Test, place: MesosPlace): Promise<void> {
  const { mesos } = place
  const { operator } = mesos

  await mesosTest(
    t,
    place,
    'the framework is torn down from outside: the job goes on in another',
    async (t) => {
      const jobManager = await place.startSession()
      const job = await CountedJob.start(t, jobSession(place), SECONDS, true)
      const { id } = await place.framework()
      const before = await untilTasks(place, 2)
      await operator.tearDown(id)
      const other = await until('another framework is there', () => place.framework())
      t.not(other.id, id)
      await job.untilCheckpoint()
      await job.checkRows(t)
      const known = await operator.allTasks()
      for (const task of before)
        t.match(known.get(task)?.state, /KILLED|undefined/, 'its tasks were ended')
      t.equal((await place.shutDown(jobManager)).code, 0)
    },
  )

  await mesosTest(
    t,
    place,
    'with a file for its id the next JobManager is the same framework',
    async (t) => {
      place.configure({ 'mesos.framework-id-file': `file://${place.folder}/framework-id` })
      const first = await place.startSession()
      await submitAndRun(place, ...ENDLESS)
      const { id } = await place.framework()
      const [left] = await untilTasks(place, 1)
      first.kill('SIGKILL')
      await first.result()
      const second = await place.startSession()
      t.equal((await place.framework()).id, id)
      await until('what was left over is ended', () => mesos.taskProcesses(left).length === 0)
      await until('nothing runs', async () => (await place.tasks()).length === 0)
      t.equal((await place.shutDown(second)).code, 0)
    },
  )

  await mesosTest(
    t,
    place,
    'as Marathon starts it: a task whose JobManager takes offers',
    async (t) => {
      place.configure({ 'rest.port': '', 'jobmanager.rpc.port': '', 'jobmanager.rpc.address': '' })
      const documentation = readFileSync(join(PROJECT_FOLDER, 'docs', 'mesos.md'), 'utf8')
      const app = [...documentation.matchAll(/```json\n([\s\S]*?)```/g)]
        .map(([, text]) => JSON.parse(text!))
        .find(({ cmd }) => cmd.includes('mesos-appmaster-job.sh'))
      const command = app.cmd
        .replace('/opt/flink-ts', PROJECT_FOLDER)
        .replace(/zk:\S+/, mesos.address)
        .replace(/-p 4 .*/, ENDLESS.join(' '))
      const ports = await freePorts(app.portDefinitions.length)
      const marathon = await TestScheduler.start(t, { master: mesos.address })
      await marathon.launch(
        await marathon.untilOffer(),
        [
          {
            taskId: 'flink_fraud',
            cpus: app.cpus,
            memoryMb: app.mem,
            command: {
              value: command,
              environment: {
                ...app.env,
                FLINK_CONF_DIR: place.confDir,
                FLINK_NODE: process.execPath,
                MARATHON_APP_ID: app.id,
                HOST: '127.0.0.1',
                ...Object.fromEntries(ports.map((port, i) => [`PORT${i}`, String(port)])),
              },
            },
          },
        ],
        600,
      )
      await marathon.call({ type: 'SUPPRESS' })
      const offerIds = [...marathon.offers.keys()]
      if (offerIds.length > 0)
        await marathon.call({ type: 'DECLINE', offerIds, refuseSeconds: 600 })

      const framework = await until('it is registered', async () => {
        return (await operator.frameworks()).find(({ name }) => name === 'fraud')
      })
      t.equal(framework.webuiUrl, `http://127.0.0.1:${ports[0]}`)
      await until('its job has a TaskManager', async () => {
        return (await operator.tasks()).some(({ frameworkId, state }) => {
          return frameworkId === framework.id && state === 'TASK_RUNNING'
        })
      })
      const headers = { authorization: `Bearer ${place.secret().token}` }
      await until('its REST API is where Marathon said', async () => {
        const response = await fetch(`http://127.0.0.1:${ports[0]}/overview`, { headers })
        return ((await response.json()) as { taskmanagers: number }).taskmanagers === 1
      })
      await marathon.call({
        type: 'KILL',
        taskId: 'flink_fraud',
        gracePeriodMs: app.taskKillGracePeriodSeconds * 1000,
      })
      await marathon.untilState('flink_fraud', 'TASK_KILLED')
      await marathon.tearDown()
    },
  )
}
