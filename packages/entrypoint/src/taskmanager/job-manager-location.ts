import { type Configuration, FlinkError, TaskManagerOptions } from '@flink-ts/core'
import type { RpcService } from '@flink-ts/rpc'
import {
  awaitLeader,
  type LeaderComponent,
  type LeaderRetriever,
  loadHighAvailability,
  StandaloneLeaderRetriever,
} from '@flink-ts/runtime'
import { configuredJobManager } from '../addresses/job-manager-address.js'
import { isLoopback } from '../addresses/loopback.js'
import type { DaemonContext } from '../daemon/daemon.js'

/** How a TaskManager finds its JobManager. */
export interface JobManagerLocation {
  /** The host of the one that is there now; with several of them waits until one leads. */
  readonly host: string | (() => Promise<string>)
  /** Whether all processes are on this machine, as far as can be told. @param ownHost under which peers reach this one */
  isOnThisMachine(ownHost: string): boolean
  leaderRetriever(component: LeaderComponent, rpcService: RpcService): LeaderRetriever
  close(): Promise<void>
}

/**
 * By the configuration: where the one JobManager is, or who tells which one leads.
 *
 * @throws IllegalConfigurationError
 */
export async function jobManagerLocation(
  context: Pick<DaemonContext, 'configuration' | 'clock' | 'random' | 'log' | 'onFatalError'>,
): Promise<JobManagerLocation> {
  const { configuration, clock, log } = context
  const highAvailability = await loadHighAvailability(configuration, (name) => import(name))
  if (highAvailability === undefined) {
    const { host, address } = configuredJobManager(configuration)
    return {
      host,
      isOnThisMachine: () => isLoopback(host),
      leaderRetriever: (component, rpcService) =>
        new StandaloneLeaderRetriever({
          component,
          jobManagerAddress: address,
          rpcService,
          clock,
          log,
        }),
      close: async () => {},
    }
  }
  const retrieval = await highAvailability.createLeaderRetrieval({
    ...context,
    log: log.child({ component: 'HighAvailability' }),
  })
  return {
    host: async () => {
      const patienceMs = patience(configuration)
      log.info('Waiting for a leading JobManager, which decides on the address of this process')
      const leader = await awaitLeader(
        retrieval,
        { kind: 'resourcemanager' },
        { clock, patienceMs },
      )
      if (leader !== undefined) return leader.address.slice(0, leader.address.lastIndexOf(':'))
      throw new FlinkError(
        `Cannot find out which address of this machine the JobManager can reach: no JobManager led within ${patienceMs / 1000} s; start one, or set taskmanager.host`,
        { code: 'FLINK_HOST_UNKNOWN' },
      )
    },
    isOnThisMachine: isLoopback,
    leaderRetriever: (component) => retrieval.leaderRetriever(component),
    close: () => retrieval.close(),
  }
}

function patience(configuration: Configuration): number {
  return configuration.get(TaskManagerOptions.REGISTRATION_TIMEOUT) ?? Number.MAX_SAFE_INTEGER
}
