import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from '../../scripts/prepare.mjs'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { now, sleep } from '../measure/processes.mjs'

export const needsInstallation = true

const JOBS = [1, 10, 100]
const SLOTS = 20
const SESSION_TIMEOUT_S = 4
const PATIENCE_S = 180
/** Of looks at the jobs: what is measured is not finer. */
const POLL_MS = 10
const CLIENT = 'high-availability.zookeeper.client'

/**
 * From SIGKILL of the leading JobManager until all tasks of all jobs run under the standby, and how much of that is after the
 * end of the leader's session, with the same ZooKeeper for all. `FLINK_TS_BENCH_JOBS=1,10` measures fewer jobs.
 */
export async function run({ report, runs, log, atEnd, root, ...bench }) {
  build({ tests: true })
  const clusters = join(root, 'integration-tests', 'dist-test', 'clusters', 'zookeeper.js')
  const { installZooKeeper, startZooKeeper } = await import(pathToFileURL(clusters).href)
  installZooKeeper()
  const zooKeeper = await startZooKeeper()
  atEnd(() => zooKeeper.close())
  const counts = process.env.FLINK_TS_BENCH_JOBS?.split(',').map(Number) ?? JOBS
  for (let run = 0; run < runs; run++) {
    for (const jobs of counts) {
      for (const system of systemsOf({ root, ...bench })) {
        const id = `${system.name}-${run}-${jobs}`
        const cluster = new StandaloneCluster(system, {
          scratch: bench.scratch,
          slots: Math.min(jobs, SLOTS),
          configuration: configuration(zooKeeper, id, bench.scratch),
        })
        atEnd(() => cluster.stop())
        const { all, expired } = await failover(cluster, zooKeeper, jobs)
        log(`${system.name}, ${jobs} jobs: session over ${expired} s, all RUNNING ${all} s`)
        const add = (metric, value) =>
          report({ case: `${jobs} jobs`, metric, unit: 's', ...measuredOn(system, value) })
        add(`SIGKILL to all RUNNING, session timeout ${SESSION_TIMEOUT_S} s`, all)
        add('end of the session to all RUNNING', all - expired)
        await cluster.stop()
      }
    }
  }
}

function configuration(zooKeeper, id, scratch) {
  return {
    'high-availability.type': 'zookeeper',
    'high-availability.cluster-id': `/${id}`,
    'high-availability.zookeeper.quorum': zooKeeper.connectString,
    'high-availability.storageDir': `file://${join(scratch, 'high-availability')}`,
    [`${CLIENT}.session-timeout`]: `${SESSION_TIMEOUT_S} s`,
    [`${CLIENT}.connection-timeout`]: `${SESSION_TIMEOUT_S} s`,
    'execution.checkpointing.interval': '10 s',
    'execution.checkpointing.dir': `file://${join(scratch, 'checkpoints', id)}`,
  }
}

/** @returns seconds from SIGKILL until the leader's session was over and until all jobs ran again */
async function failover(cluster, zooKeeper, jobs) {
  const { leader, standby } = await cluster.startWithStandby(Math.ceil(jobs / SLOTS))
  await cluster.run('many-jobs', [String(jobs)], { detached: true })
  await untilAllRun(leader.rest, jobs)
  const before = await sessions(zooKeeper)
  process.kill(leader.pid, 'SIGKILL')
  const killed = now()
  let expired
  const watching = (async () => {
    while (expired === undefined) {
      const open = await sessions(zooKeeper)
      if ([...before].some((session) => !open.has(session))) expired = now() - killed
      else await sleep(POLL_MS)
    }
  })()
  await untilAllRun(standby.rest, jobs)
  const all = now() - killed
  await watching
  return { all, expired }
}

async function untilAllRun(rest, jobs) {
  const begin = now()
  for (;;) {
    const overview = await rest.get('/jobs/overview').catch(() => ({ jobs: [] }))
    const running = overview.jobs.filter(
      ({ state, tasks }) => state === 'RUNNING' && tasks.total > 0 && tasks.running === tasks.total,
    )
    if (running.length === jobs) return
    if (now() - begin > PATIENCE_S) {
      throw new Error(`${running.length} of ${jobs} jobs run after ${PATIENCE_S} s`)
    }
    await sleep(POLL_MS)
  }
}

/** Those that have ephemeral nodes: of JobManagers. */
async function sessions(zooKeeper) {
  const [, ephemerals = ''] = (await zooKeeper.fourLetterWord(1, 'dump')).split(
    'Sessions with Ephemerals',
  )
  return new Set(ephemerals.match(/^0x[0-9a-f]+:/gm))
}
