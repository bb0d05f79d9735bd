import { SeededRandom, SystemClock } from '@flink-ts/core'
import { createMesosScheduler, type MesosScheduler } from '@flink-ts/mesos-client'
import type { Test } from 'tap'
import { value } from '../../../mesos-client/dist-test/support/events.js'
import { record, ScriptedMaster } from '../../../mesos-client/dist-test/support/scripted-master.js'
import { DriverUnderTest, type OpenOptions } from './driver-under-test.js'

/**
 * A driver with the client of Mesos that is shipped, and a master that does what the test says. The driver is on the clock of the test;
 * connections take the time that they take.
 */
export class DriverOverHttp {
  readonly master: ScriptedMaster
  readonly under: DriverUnderTest
  /** Events that the driver was told on all streams, and those that the master has said. */
  #heard = 0
  #said = 0
  #unanswered = 0

  private constructor(master: ScriptedMaster, options: OpenOptions) {
    this.master = master
    this.under = new DriverUnderTest({
      ...options,
      agents: [],
      createScheduler: async () =>
        this.#observed(
          await createMesosScheduler({
            master: master.address,
            clock: new SystemClock(),
            random: new SeededRandom(1),
            limits: { initialBackoffMs: 5, maxBackoffMs: 20 },
          }),
        ),
    })
  }

  /** It is subscribed as framework `f-1`, and nothing is wanted. */
  static async lead(t: Test, options: OpenOptions = {}): Promise<DriverOverHttp> {
    const over = new DriverOverHttp(await ScriptedMaster.start(t), options)
    t.teardown(() => over.under.close())
    await over.under.lead()
    await over.called('SUPPRESS')
    return over
  }

  /** Calls of a type that have arrived. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at any part of a call
  calls(type: string): any[] {
    return this.master.calls.flatMap(({ call }) => (call.type === type ? [call] : []))
  }

  /** When so many have arrived. */
  async called(type: string, count = 1): Promise<void> {
    await this.#until(() => this.calls(type).length >= count)
  }

  /** Events on the present stream, in one piece; none may be HEARTBEAT. */
  say(...events: object[]): void {
    const stream = this.master.calls.findLast(({ call }) => call.type === 'SUBSCRIBE')
    this.#said += events.length
    stream?.response.write(events.map(record).join(''))
  }

  /** When the driver has dealt with all that was said; calls may be on their way. */
  async heard(): Promise<void> {
    await this.#until(() => this.#heard === this.#said)
    await this.under.clock.advance(1)
  }

  /** Then so much time passes, and all that the driver says has been answered. */
  async settle(ms = 1): Promise<void> {
    await this.heard()
    await this.#until(() => this.#unanswered === 0)
    await this.under.clock.advance(ms)
    await this.#until(() => this.#unanswered === 0)
  }

  /** Uuids in the order in which updates of a task were acknowledged. */
  acknowledged(taskId: string): string[] {
    return this.calls('ACKNOWLEDGE').flatMap(({ acknowledge: { task_id, uuid } }) =>
      task_id.value === taskId ? [uuid] : [],
    )
  }

  #observed(scheduler: MesosScheduler): MesosScheduler {
    return {
      start: (framework, listener) =>
        scheduler.start(framework, {
          ...listener,
          onEvent: (event) => {
            listener.onEvent(event)
            this.#heard++
          },
        }),
      call: async (call) => {
        this.#unanswered++
        try {
          await scheduler.call(call)
        } finally {
          this.#unanswered--
        }
      },
      close: () => scheduler.close(),
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Room for some workers on an agent. */
export function offers(...offered: readonly (readonly [id: string, agent: string])[]): object {
  const scalar = (name: string, amount: number) => ({
    name,
    type: 'SCALAR',
    scalar: { value: amount },
  })
  return {
    type: 'OFFERS',
    offers: {
      offers: offered.map(([id, agent]) => ({
        id: value(id),
        framework_id: value('f-1'),
        agent_id: value(agent),
        hostname: `host-of-${agent}`,
        allocation_info: { role: '*' },
        resources: [scalar('cpus', 2), scalar('mem', 2_000)],
      })),
    },
  }
}

export function uuid(number: number): string {
  return Buffer.alloc(16, number).toString('base64')
}

/** An update of an agent, which repeats it until it is acknowledged. */
export function update(taskId: string, state: string, uuid: string, agent = 'S1'): object {
  return status({ task_id: value(taskId), agent_id: value(agent), state, uuid })
}

/** What the master says by itself, or when it is asked. */
export function word(taskId: string, state: string, reason: string): object {
  return status({ task_id: value(taskId), state, reason, source: 'SOURCE_MASTER' })
}

function status(status: object): object {
  return { type: 'UPDATE', update: { status } }
}
