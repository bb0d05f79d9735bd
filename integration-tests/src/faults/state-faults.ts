import { until } from '../support/until.js'
import { damage } from './checkpoint-files.js'
import { type Fault, type FaultContext, lasting } from './fault.js'
import type { FaultJob } from './fault-job.js'
import { cancelAndRestore, stopAndRescale } from './restore-faults.js'
import { begins, restoreFrom, restoreNewest } from './restoring.js'

/** Waits until there is a checkpoint before the newest one. */
async function hasTwo(job: FaultJob): Promise<boolean> {
  await until('two checkpoints are complete', async () => {
    return (await job.retainedCheckpoints()).length >= 2 || (await job.isFinished())
  })
  return (await job.retainedCheckpoints()).length >= 2
}

async function killAllTaskManagers({ cluster }: FaultContext): Promise<void> {
  const pids = cluster.places.flatMap(({ pid }) => pid ?? [])
  await Promise.all(pids.map((pid) => cluster.kill(pid)))
}

/** Faults of checkpoints, and new beginnings at another parallelism. */
export const STATE_FAULTS: readonly Fault[] = [
  {
    name: 'fill-disk',
    weight: 2,
    restarts: false,
    async inject({ storage: { disk }, random }) {
      if (disk === undefined) return false
      disk.fill()
      await lasting(1500 + random.nextInt(3000))
      disk.empty()
      return true
    },
  },
  {
    name: 'damage-newest',
    weight: 3,
    restarts: true,
    async inject(context) {
      const { job, cluster, storage, random } = context
      if (!(await hasTwo(job))) return false
      // What the newest has made visible must be taken back.
      const before = job.parts()
      await until('a checkpoint is committed', async () => {
        return [...job.parts()].some((part) => !before.has(part)) || (await job.isFinished())
      })
      // While no task runs, no newer checkpoint can take its place.
      await killAllTaskManagers(context)
      await lasting(300)
      const [newest, ...older] = await job.retainedCheckpoints()
      if (newest !== undefined && older.length > 0) {
        job.order('falls-back')
        context.note(
          `${newest.split('/').at(-1)}: ${await damage(storage.fileSystem, newest, random)}`,
        )
      }
      context.happens()
      await cluster.refill()
      return true
    },
  },
  cancelAndRestore(2),
  {
    name: 'restore-older',
    weight: 2,
    restarts: true,
    async inject(context) {
      const { job, storage, random } = context
      if (!(await hasTwo(job)) || !(await job.cancel())) return false
      const [newest, older] = await job.retainedCheckpoints()
      if (older === undefined) return restoreNewest(context)
      job.order('falls-back')
      context.note(
        `${newest!.split('/').at(-1)}: ${await damage(storage.fileSystem, newest!, random)}`,
      )
      if (await isRefused(context, newest!)) await restoreFrom(context, older)
      return true
    },
  },
  stopAndRescale(3),
]

/** Whether a damaged checkpoint is seen to be damaged: at the submission, when the job begins, or in its tasks. */
async function isRefused(context: FaultContext, path: string): Promise<boolean> {
  try {
    await restoreFrom(context, path)
  } catch (error) {
    context.note('refused at the submission')
    if (!/FLINK_[A-Z_]+/.test(String(error))) throw error
    return true
  }
  if (!(await begins(context))) {
    context.note('refused when it began')
    return true
  }
  // What its tasks find damaged ends it, now or at their next attempt: nothing older belongs to this job.
  await lasting(1000)
  return (await context.job.end()) !== 'FINISHED'
}
