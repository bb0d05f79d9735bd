import { startMesos } from '../../clusters/mesos.js'
import { mesosMissing } from '../../clusters/mesos-programs.js'
import { startCheckpointStorage } from '../checkpoint-storage.js'
import { Coordination } from '../coordination.js'
import { runRound } from '../fault-round.js'
import { configurationOfRuns, jobOfRound, parallelisms } from '../fault-run.js'
import {
  type FaultRunResult,
  inFrame,
  type RunFrame,
  type RunFrameOptions,
  untilNothingIsLeft,
} from '../run-frame.js'
import { SESSION_TIMEOUT_MS, SLOTS } from './mesos-context.js'
import { MesosFaultCluster } from './mesos-fault-cluster.js'
import { MesosFaultJob } from './mesos-fault-job.js'
import { type MesosScenario, mesosFaultsOf, mesosModes } from './mesos-scenarios.js'

export interface MesosFaultRunOptions extends RunFrameOptions {
  readonly scenario: MesosScenario
}

/** Of one round; a job has ended long before. */
const MAX_FAULTS = 1000
/** Some faults take half a minute: the job of a round lasts longer than elsewhere. */
const ELEMENTS = 120_000

/** Runs jobs on a real Mesos, in sessions and clusters of their own in turn, until the time is up or something is wrong. */
export function runMesosFaults(options: MesosFaultRunOptions): Promise<FaultRunResult> {
  return inFrame(options, (frame) => runInFrame(options, frame))
}

async function runInFrame(options: MesosFaultRunOptions, frame: RunFrame): Promise<void> {
  const { folder, random, total, owned } = frame
  const missing = mesosMissing()
  if (missing !== undefined) throw new Error(missing)
  const storage = await owned(startCheckpointStorage('local', folder))
  const coordination = await owned(Coordination.start(folder, SESSION_TIMEOUT_MS, 1))
  const { mesos } = await owned(startThreeMasters(coordination.ensemble.connectString))
  const cluster = await owned(
    Promise.resolve(
      new MesosFaultCluster(mesos, folder, {
        'taskmanager.numberOfTaskSlots': SLOTS,
        ...configurationOfRuns(storage),
        ...coordination.configuration,
      }),
    ),
  )
  frame.begins()
  const modes = mesosModes(random)
  const faults = mesosFaultsOf(options.scenario, random)
  for (const round of frame.rounds()) {
    const note = (text: string) => frame.note(round, text)
    const mode = modes.next().value
    const job = new MesosFaultJob(cluster, mode, {
      ...jobOfRound(folder, round, { elements: ELEMENTS, ...options }),
      storage,
    })
    note(mode === 'session' ? 'a session' : 'a cluster for one job')
    const result = await runRound({
      context: {
        ...{ cluster, job, random, storage, note },
        nextParallelism: parallelisms(job, random),
      },
      counts: total,
      faults,
      maxFaults: options.faultsPerRound ?? MAX_FAULTS,
    })
    frame.counts(round, result)
    total.leaders = cluster.starts
    if (result.lost + result.duplicated > 0) return
    const shown = await cluster.secretsShown()
    await (mode === 'session' ? cluster.shutDown() : cluster.untilEnded())
    total.leftBehind = await untilNothingIsLeft(async () => [
      ...(await cluster.leftovers()),
      ...(await cluster.secretsShown()),
      ...(await coordination.leftoversOfCluster()),
    ])
    total.leftBehind = [...new Set([...shown, ...total.leftBehind])]
    if (total.leftBehind.length > 0) return
    await cluster.untilMesosIsWell()
  }
}

async function startThreeMasters(zooKeeper: string) {
  const mesos = await startMesos({ masters: 3, zooKeeper, agents: [{}, {}, {}] })
  return { mesos, close: () => mesos.stop() }
}
