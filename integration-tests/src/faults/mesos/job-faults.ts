import { ordered } from '../process-faults.js'
import type { MesosContext, MesosFault } from './mesos-context.js'

async function restoreFrom(context: MesosContext, path: string | undefined): Promise<boolean> {
  const parallelism = context.nextParallelism()
  context.note(`from ${path?.split('/').slice(-1)[0] ?? 'the beginning'} at ${parallelism}`)
  await context.job.submit(parallelism, path)
  return true
}

/** Faults of the job itself, and clusters that one job has after the other. */
export const JOB_FAULTS: readonly MesosFault[] = [
  {
    name: 'throw-in-function',
    weight: 1,
    restarts: true,
    inject: (context) => ordered(context, 'task', 'throw'),
  },
  {
    name: 'fail-commit',
    weight: 1,
    restarts: true,
    inject: (context) =>
      ordered(context, 'fail-commit', context.random.nextInt(2) === 0 ? 'before' : 'after'),
  },
  {
    name: 'kill-in-commit',
    weight: 2,
    restarts: true,
    inject: (context) => ordered(context, 'fail-commit', 'kill'),
  },
  {
    name: 'cancel-and-restore',
    weight: 1,
    restarts: true,
    async inject(context) {
      if (!(await context.job.cancel())) return false
      const [newest] = await context.job.retainedCheckpoints()
      return restoreFrom(context, newest)
    },
  },
  {
    name: 'stop-and-rescale',
    weight: 1,
    restarts: true,
    async inject(context) {
      const savepoint = await context.job.stop()
      return savepoint !== undefined && restoreFrom(context, savepoint)
    },
  },
]
