import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import {
  type LeaderAddress,
  type LeaderComponent,
  LeaderRegistry,
  type LeaderRetriever,
  leaderComponentName,
} from '@flink-ts/runtime'
import type { ZooKeeperClient } from '@flink-ts/zookeeper-client'
import type { ClusterPaths } from '../cluster-paths.js'
import { hasReason } from '../coordination-reads.js'
import { parseLeaderInformation } from '../leader-information.js'
import { ZooKeeperAccessError } from '../zookeeper-ha-errors.js'
import type { ZooKeeperRetrySettings } from '../zookeeper-ha-settings.js'

export interface LeaderWatchesOptions {
  readonly zooKeeper: ZooKeeperClient
  readonly paths: ClusterPaths
  readonly retry: ZooKeeperRetrySettings
  readonly clock: Clock
  readonly log: Logger
  /**
   * Called once, when the servers refuse a read: they take any password when a session begins, so a wrong one shows only
   * where the cluster's nodes are its own.
   */
  readonly onFatalError?: (error: Error) => void
}

/** Until a leader that is gone is looked for again. */
const GONE_DELAY_MS = 20

/** A component that somebody of this process wants to find. */
interface Watch {
  readonly name: string
  readonly path: string
  /** How many want to. */
  users: number
  /** Answers to earlier questions do not count. */
  question: number
  /** A watcher of ours is set in this session. */
  isSet: boolean
  /** A leader has been told last. */
  isFound: boolean
  delayMs: number
  cancelRetry: CancelTimer | undefined
}

/**
 * Who leads, by watches on `connection_info` nodes. Only reads. What was known last stays as long as no server answers: whether
 * that leader is gone is for heartbeats to find out.
 */
export class LeaderWatches {
  readonly #options: LeaderWatchesOptions
  readonly #leaders = new LeaderRegistry()
  readonly #watches = new Map<string, Watch>()
  readonly #unsubscribe: () => void
  #isRefused = false

  constructor(options: LeaderWatchesOptions) {
    this.#options = options
    this.#unsubscribe = options.zooKeeper.onSession(({ type }) => {
      if (type === 'lost') for (const watch of this.#watches.values()) watch.isSet = false
      if (type !== 'connected' && type !== 'reconnected') return
      for (const watch of this.#watches.values()) this.#ask(watch)
    })
  }

  retriever(component: LeaderComponent): LeaderRetriever {
    const retriever = this.#leaders.retriever(component)
    let watch: Watch | undefined
    return {
      start: (listener) => {
        retriever.start(listener)
        watch = this.#watch(component)
        watch.users++
        if (watch.users === 1) this.#ask(watch)
      },
      close: async () => {
        await retriever.close()
        if (watch === undefined) return
        watch.users--
        if (watch.users === 0) this.#end(watch)
        watch = undefined
      },
    }
  }

  close(): void {
    this.#unsubscribe()
    for (const watch of [...this.#watches.values()]) this.#end(watch)
  }

  #watch(component: LeaderComponent): Watch {
    const name = leaderComponentName(component)
    const known = this.#watches.get(name)
    if (known !== undefined) return known
    const watch: Watch = {
      name,
      path: this.#options.paths.connectionInfo(component),
      users: 0,
      question: 0,
      isSet: false,
      isFound: false,
      delayMs: 0,
      cancelRetry: undefined,
    }
    this.#watches.set(name, watch)
    return watch
  }

  #end(watch: Watch): void {
    watch.question++
    watch.cancelRetry?.()
    this.#watches.delete(watch.name)
    this.#leaders.set(watch.name, undefined)
  }

  #ask(watch: Watch): void {
    watch.cancelRetry?.()
    watch.cancelRetry = undefined
    const question = ++watch.question
    this.#read(watch).then(
      (leader) => {
        if (question !== watch.question) return
        watch.delayMs = 0
        if (leader === 'gone') this.#onGone(watch)
        else {
          watch.isFound = leader !== undefined
          this.#leaders.set(watch.name, leader)
        }
      },
      (error) => {
        if (question === watch.question) this.#onFailure(watch, error)
      },
    )
  }

  /** Whoever does not look for a leader any more now, as of a job that has ended, leaves no watcher behind: none can be taken back. */
  #onGone(watch: Watch): void {
    watch.isFound = false
    watch.cancelRetry = this.#options.clock.schedule(GONE_DELAY_MS, () => this.#ask(watch))
    this.#leaders.set(watch.name, undefined)
  }

  #onFailure(watch: Watch, error: unknown): void {
    const { retry, clock, log } = this.#options
    if (hasReason(error, 'closed', 'auth-failed')) return
    if (hasReason(error, 'no-auth')) this.#onRefused(watch, error)
    watch.delayMs = Math.min(
      watch.delayMs === 0 ? retry.initialDelayMs : 2 * watch.delayMs,
      retry.maxDelayMs,
    )
    log.info('Could not read who leads; trying again', {
      component: watch.name,
      node: watch.path,
      error,
      retryInMs: watch.delayMs,
    })
    watch.cancelRetry = clock.schedule(watch.delayMs, () => this.#ask(watch))
  }

  #onRefused({ path }: Watch, error: unknown): void {
    if (this.#isRefused) return
    this.#isRefused = true
    this.#options.onFatalError?.(new ZooKeeperAccessError(`access to ${path}`, error))
  }

  /** With one watcher at a time. */
  async #read(watch: Watch): Promise<LeaderAddress | undefined | 'gone'> {
    const { zooKeeper, log } = this.#options
    const { path } = watch
    const watcher = () => {
      watch.isSet = false
      if (this.#watches.get(watch.name) === watch) this.#ask(watch)
    }
    for (;;) {
      const setNow = watch.isSet ? undefined : watcher
      // Before the answer: the watcher may be called before whoever waits for the answer runs on.
      watch.isSet = true
      try {
        const { data } = await zooKeeper.getData(path, setNow)
        // Another read, which was to set it, has failed meanwhile.
        if (!watch.isSet) continue
        return parseLeaderInformation(data)
      } catch (error) {
        if (isMalformed(error)) {
          log.warn('The address of a leader cannot be read: nobody is found until it changes', {
            component: watch.name,
            node: path,
            error,
          })
          return undefined
        }
        if (setNow !== undefined) watch.isSet = false
        if (!hasReason(error, 'no-node')) throw error
      }
      if (watch.isFound) return 'gone'
      if (await this.#isMissing(watch, watcher)) return undefined
    }
  }

  /** With one watcher at a time. */
  async #isMissing(watch: Watch, watcher: () => void): Promise<boolean> {
    const setNow = watch.isSet ? undefined : watcher
    watch.isSet = true
    try {
      const stat = await this.#options.zooKeeper.exists(watch.path, setNow)
      return stat === undefined && watch.isSet
    } catch (error) {
      if (setNow !== undefined) watch.isSet = false
      throw error
    }
  }
}

function isMalformed(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'FLINK_HA_LEADER_INFORMATION'
}
