import { SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  createMesosScheduler,
  type FrameworkInfo,
  type MesosCallError,
  type MesosScheduler,
  type MesosSchedulerOptions,
  type SchedulerCall,
} from '@flink-ts/mesos-client'
import type { Test } from 'tap'
import { FakeMasters } from './fake-masters.js'
import { settle } from './settle.js'

export const FRAMEWORK: FrameworkInfo = {
  name: 'test',
  user: 'root',
  roles: ['r'],
  failoverTimeoutSeconds: 60,
  checkpoint: true,
  capabilities: ['MULTI_ROLE'],
}

/** A scheduler, masters that the test scripts, and what the listener was told, by the clock of the test. */
export class SchedulerWorld {
  readonly clock: ManualClock
  readonly masters: FakeMasters
  readonly scheduler: MesosScheduler
  readonly told: string[] = []
  /** Pauses that were told. */
  readonly pauses: number[] = []

  private constructor(clock: ManualClock, masters: FakeMasters, scheduler: MesosScheduler) {
    this.clock = clock
    this.masters = masters
    this.scheduler = scheduler
  }

  static async create(
    t: Test,
    options: Partial<MesosSchedulerOptions> = {},
    framework: Partial<FrameworkInfo> = {},
  ): Promise<SchedulerWorld> {
    const clock = new ManualClock(1_000)
    const masters = new FakeMasters()
    const scheduler = await createMesosScheduler({
      master: 'm1:5050',
      clock,
      random: new SeededRandom(1),
      transport: masters,
      ...options,
    })
    const world = new SchedulerWorld(clock, masters, scheduler)
    t.teardown(() => scheduler.close())
    scheduler.start(
      { ...FRAMEWORK, ...framework },
      {
        onSubscribed: ({ frameworkId, master }) =>
          void world.told.push(`subscribed ${frameworkId} at ${master}`),
        onEvent: (event) => void world.told.push(event.type),
        onDisconnected: (reason) => void world.told.push(`disconnected: ${reason}`),
        onAttemptFailed: (reason, retryInMs) => {
          world.pauses.push(retryInMs)
          world.told.push(`failed: ${reason}`)
        },
        onEnded: ({ kind, message }) => void world.told.push(`${kind}: ${message}`),
      },
    )
    await settle()
    return world
  }

  /** What was told since the last time. */
  news(): string[] {
    return this.told.splice(0)
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settle()
  }

  /** The state of a call: `taken`, or the reason and message of the refusal. */
  call(call: SchedulerCall): { state: string } {
    const result = { state: 'open' }
    this.scheduler.call(call).then(
      () => {
        result.state = 'taken'
      },
      (error: MesosCallError) => {
        result.state = `${error.reason}: ${error.message}`
      },
    )
    return result
  }
}
