import { until } from '../support/until.js'
import type { Fault, FaultContext } from './fault.js'
import type { JobUnderFaults } from './job-under-faults.js'

/** Of any job, wherever it runs. */
type FunctionFault = Fault<unknown, JobUnderFaults>

/** Has a function of the job do something, and waits until one does. */
export async function ordered(
  { job, happens }: Pick<FaultContext<unknown, JobUnderFaults>, 'job' | 'happens'>,
  name: string,
  text: string,
): Promise<boolean> {
  job.order(name, text)
  await until(`a task takes the order ${name}`, async () => {
    return !job.isWaiting(name) || (await job.isFinished())
  })
  const taken = !job.isWaiting(name)
  if (taken) happens()
  job.revoke(name)
  return taken
}

export function throwInFunction(weight: number): FunctionFault {
  return {
    name: 'throw-in-function',
    weight,
    restarts: true,
    inject: (context) => ordered(context, 'task', 'throw'),
  }
}

export function failCommit(weight: number): FunctionFault {
  return {
    name: 'fail-commit',
    weight,
    restarts: true,
    inject: (context) =>
      ordered(context, 'fail-commit', context.random.nextInt(2) === 0 ? 'before' : 'after'),
  }
}
