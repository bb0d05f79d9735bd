import { SystemClock, SystemRandom } from '@flink-ts/core'
import {
  createMesosScheduler,
  type MesosScheduler,
  type MesosSchedulerOptions,
  type SchedulerEvent,
  type SubscriptionEnd,
} from '@flink-ts/mesos-client'
import type { Test } from 'tap'
import { FRAMEWORK } from './scheduler-world.js'

type News =
  | { readonly type: 'subscribed'; readonly frameworkId: string; readonly master: string }
  | { readonly type: 'event'; readonly event: SchedulerEvent }
  | { readonly type: 'disconnected' | 'failed'; readonly reason: string }
  | { readonly type: 'ended'; readonly end: SubscriptionEnd }

/** A scheduler with real connections and real time, and what it has told. */
export class LiveScheduler {
  readonly scheduler: MesosScheduler
  readonly told: News[] = []
  #wake: () => void = () => {}

  private constructor(scheduler: MesosScheduler) {
    this.scheduler = scheduler
  }

  static async start(
    t: Test,
    options: Partial<MesosSchedulerOptions> & { readonly master: string },
  ): Promise<LiveScheduler> {
    const scheduler = await createMesosScheduler({
      clock: new SystemClock(),
      random: new SystemRandom(),
      ...options,
      limits: { initialBackoffMs: 5, maxBackoffMs: 20, ...options.limits },
    })
    const live = new LiveScheduler(scheduler)
    t.teardown(() => scheduler.close())
    const tell = (news: News) => {
      live.told.push(news)
      live.#wake()
    }
    scheduler.start(FRAMEWORK, {
      onSubscribed: (subscription) => tell({ type: 'subscribed', ...subscription }),
      onEvent: (event) => tell({ type: 'event', event }),
      onDisconnected: (reason) => tell({ type: 'disconnected', reason }),
      onAttemptFailed: (reason) => tell({ type: 'failed', reason }),
      onEnded: (end) => tell({ type: 'ended', end }),
    })
    return live
  }

  /** Waits for the next news of a type, and drops what was told before it. */
  async next<T extends News['type']>(type: T): Promise<Extract<News, { type: T }>> {
    for (;;) {
      const news = this.told.shift()
      if (news?.type === type) return news as Extract<News, { type: T }>
      if (news === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}
