import type { MesosScheduler, SchedulerListener } from '@flink-ts/mesos-client'
import { MortalProcess } from '@flink-ts/testing/resource-manager-drivers'

/** A process that may die, with its connections to Mesos. */
export class MortalFramework extends MortalProcess {
  readonly #schedulers: MesosScheduler[] = []

  override die(): void {
    super.die()
    for (const scheduler of this.#schedulers) void scheduler.close()
  }

  scheduler(scheduler: MesosScheduler): MesosScheduler {
    this.#schedulers.push(scheduler)
    return {
      start: (framework, listener: SchedulerListener) => {
        if (!this.isAlive) return
        scheduler.start(framework, {
          onSubscribed: this.ifAlive((subscription) => listener.onSubscribed(subscription)),
          onEvent: this.ifAlive((event) => listener.onEvent(event)),
          onDisconnected: this.ifAlive((reason) => listener.onDisconnected(reason)),
          onEnded: this.ifAlive((end) => listener.onEnded(end)),
        })
      },
      call: (call) => this.step(call.type, () => scheduler.call(call)),
      close: () => (this.isAlive ? scheduler.close() : Promise.resolve()),
    }
  }
}
