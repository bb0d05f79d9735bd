import { FlinkError } from '@flink-ts/core'

/** Something that a simulation waits for did not happen within its virtual time. */
export class SimulationTimeoutError extends FlinkError {
  constructor(facts: { what: string; timeoutMs: number }) {
    super(
      `The simulation waited for ${facts.what}; it did not come within ${facts.timeoutMs} ms of virtual time`,
      {
        code: 'FLINK_SIMULATION_TIMEOUT',
      },
    )
  }
}
