import type { ExternalServer } from '../../clusters/server-process.js'
import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import {
  type ManagedCluster,
  type ManagedContext,
  type ManagedFault,
  SLOW_MS,
} from './managed-cluster.js'
import type { ManagedJob } from './managed-job.js'

/** A machine of a resource manager with TaskManagers of a job, and the daemon that looks after them. */
export interface BusyHost<D extends ExternalServer = ExternalServer> {
  readonly daemon: D
  /** Containers or tasks of the job that are there. */
  readonly victims: readonly string[]
  /** Waits until the resource manager believes the machine to be lost. */
  untilLost(): Promise<void>
  /** Waits until it can be used again. */
  untilBack(): Promise<void>
}

export interface HostFaultsOptions<C extends ManagedCluster, J extends ManagedJob> {
  /** What the daemon is called in the names of faults. */
  readonly daemon: string
  /** For how long it may be dead without anybody taking it for lost. */
  readonly maxDownMs: number
  /** @returns undefined if the job is about to end */
  find(context: ManagedContext<C, J>): Promise<BusyHost | undefined>
}

/** Faults of a machine's daemon: it is started again soon, or only when its machine is taken for lost. */
export function hostFaults<C extends ManagedCluster, J extends ManagedJob>(
  options: HostFaultsOptions<C, J>,
): Readonly<Record<'restart' | 'lose' | 'pauseUntilLost', ManagedFault<C, J>>> {
  const { daemon: name, maxDownMs, find } = options
  return {
    restart: {
      name: `restart-${name}`,
      weight: 2,
      restarts: false,
      async inject(context) {
        const found = await find(context)
        if (found === undefined) return false
        await found.daemon.kill()
        await lasting(context.random.nextInt(maxDownMs))
        await found.daemon.restart()
        return true
      },
    },
    lose: {
      name: `lose-${name}`,
      weight: 3,
      restarts: true,
      inject: async (context) =>
        lost(context, await find(context), {
          begin: (daemon) => daemon.kill(),
          end: (daemon) => daemon.restart(),
        }),
    },
    pauseUntilLost: {
      name: `pause-${name}-until-lost`,
      weight: 1,
      restarts: true,
      inject: async (context) =>
        lost(context, await find(context), {
          begin: (daemon) => daemon.pause(),
          end: (daemon) => daemon.resume(),
        }),
    },
  }
}

/** A daemon says nothing until its machine is lost. What runs there runs on beside its replacements, and ends when it is back. */
async function lost(
  { cluster, random, note, happens }: ManagedContext,
  host: BusyHost | undefined,
  silence: {
    begin(daemon: ExternalServer): void | Promise<void>
    end(daemon: ExternalServer): void | Promise<void>
  },
): Promise<boolean> {
  if (host === undefined) return false
  const { daemon, victims } = host
  const running = () => victims.filter((id) => cluster.isRunning(id))
  await silence.begin(daemon)
  try {
    await host.untilLost()
    happens()
    await lasting(random.nextInt(8000))
    note(`${running().length} of ${victims.length} still run on the lost machine`)
  } finally {
    await silence.end(daemon)
  }
  await host.untilBack()
  await until('what ran on the lost machine has ended', () => running().length === 0, SLOW_MS)
  return true
}
