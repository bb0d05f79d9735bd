import type { SimulatedProgram } from '../simulation/cluster/record-program.js'

/** A streaming job of two vertices that prints nothing and never ends by itself. */
export function endlessJob(parallelism: number): SimulatedProgram {
  return (env) => {
    env.setParallelism(parallelism)
    env
      .fromSequence(0, 1e12)
      .rebalance()
      .filter((n) => n < 0)
      .print()
    return env.execute('endless')
  }
}
