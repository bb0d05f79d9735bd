import type { Fault } from './fault.js'
import type { JobUnderFaults } from './job-under-faults.js'
import { restoreFrom, restoreNewest } from './restoring.js'

/** Of any job that can be cancelled, wherever it runs. */
type RestoreFault = Fault<unknown, JobUnderFaults & { cancel(): Promise<boolean> }>

export function cancelAndRestore(weight: number): RestoreFault {
  return {
    name: 'cancel-and-restore',
    weight,
    restarts: true,
    async inject(context) {
      return (await context.job.cancel()) && restoreNewest(context)
    },
  }
}

export function stopAndRescale(weight: number): RestoreFault {
  return {
    name: 'stop-and-rescale',
    weight,
    restarts: true,
    async inject(context) {
      const savepoint = await context.job.stop()
      if (savepoint === undefined) return false
      await restoreFrom(context, savepoint)
      return true
    },
  }
}
