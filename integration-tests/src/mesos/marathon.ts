import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { MesosFramework } from '../clusters/mesos-operator.js'
import { freePorts } from '../support/free-port.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { PROJECT_FOLDER } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'
import { TestScheduler } from './test-scheduler.js'

/** What the documentation has somebody give to Marathon. */
interface App {
  readonly id: string
  readonly cmd: string
  readonly env: Readonly<Record<string, string>>
  readonly cpus: number
  readonly mem: number
  readonly portDefinitions: readonly { readonly name: string }[]
  readonly healthChecks?: readonly { readonly protocol: string; readonly portIndex: number }[]
  readonly taskKillGracePeriodSeconds: number
}

/** An app that runs. */
interface StartedApp {
  readonly framework: MesosFramework
  readonly ports: readonly number[]
  /** As somebody scales it to nothing. */
  end(): Promise<void>
}

/** JobManagers as tasks of another framework, which take offers themselves: the apps of the documentation, as they stand there. */
export async function testMarathon(t: Test, place: MesosPlace): Promise<void> {
  const { operator } = place.mesos
  const apps = documentedApps()

  await mesosTest(t, place, 'as Marathon starts it: a session', async (t) => {
    const app = apps.find(({ cmd }) => cmd.includes('mesos-appmaster.sh'))!
    const { framework, ports, end } = await start(t, place, app, app.cmd, 'orders')
    t.match(app.healthChecks, [{ protocol: 'MESOS_TCP' }])
    for (const { portIndex } of app.healthChecks!) {
      await until('it is healthy', () => acceptsConnections(ports[portIndex]!))
    }
    const address = `127.0.0.1:${ports[0]}`
    const submitted = await place
      .command('flink', ['run', '-d', '-m', address, ...ENDLESS])
      .result()
    t.equal(submitted.code, 0, submitted.stderr)
    await untilTaskManager(place, framework)
    await end()
    const ended = (await operator.completedFrameworks()).map(({ id }) => id)
    t.ok(ended.includes(framework.id), 'its framework is torn down, not only gone')
  })

  await mesosTest(t, place, 'as Marathon starts it: a job', async (t) => {
    const app = apps.find(({ cmd }) => cmd.includes('mesos-appmaster-job.sh'))!
    const command = app.cmd.replace(/-p 4 .*/, ENDLESS.join(' '))
    const { framework, ports, end } = await start(t, place, app, command, 'fraud')
    await untilTaskManager(place, framework)
    const headers = { authorization: `Bearer ${place.secret().token}` }
    await until('its REST API is where Marathon said', async () => {
      const response = await fetch(`http://127.0.0.1:${ports[0]}/overview`, { headers })
      return ((await response.json()) as { taskmanagers: number }).taskmanagers === 1
    })
    await end()
  })
}

function documentedApps(): App[] {
  const documentation = readFileSync(join(PROJECT_FOLDER, 'docs', 'mesos.md'), 'utf8')
  return [...documentation.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text!))
}

/** Starts an app and waits until it is a framework of this name. */
async function start(
  t: Test,
  place: MesosPlace,
  app: App,
  command: string,
  name: string,
): Promise<StartedApp> {
  const { address, operator } = place.mesos
  place.configure({ 'rest.port': '', 'jobmanager.rpc.port': '', 'jobmanager.rpc.address': '' })
  const taskId = app.id.slice(1).replaceAll('/', '_')
  const ports = await freePorts(app.portDefinitions.length)
  const marathon = await TestScheduler.start(t, { master: address })
  await marathon.launch(
    await marathon.untilOffer(),
    [
      {
        taskId,
        cpus: app.cpus,
        memoryMb: app.mem,
        command: {
          value: command.replace('/opt/flink-ts', PROJECT_FOLDER).replace(/zk:\S+/, address),
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
  if (offerIds.length > 0) await marathon.call({ type: 'DECLINE', offerIds, refuseSeconds: 600 })

  const framework = await until('it is registered', async () => {
    return (await operator.frameworks()).find((each) => each.name === name)
  })
  t.equal(framework.webuiUrl, `http://127.0.0.1:${ports[0]}`)
  return {
    framework,
    ports,
    async end() {
      const gracePeriodMs = app.taskKillGracePeriodSeconds * 1000
      await marathon.call({ type: 'KILL', taskId, gracePeriodMs })
      await marathon.untilState(taskId, 'TASK_KILLED')
      await marathon.tearDown()
    },
  }
}

async function untilTaskManager(place: MesosPlace, framework: MesosFramework): Promise<void> {
  await until('its job has a TaskManager', async () => {
    return (await place.tasks()).some(({ frameworkId, state }) => {
      return frameworkId === framework.id && state === 'TASK_RUNNING'
    })
  })
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
