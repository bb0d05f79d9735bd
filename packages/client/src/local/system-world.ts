import {
  Configuration,
  createFileSystems,
  noopLogger,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import { FileDescriptorLineWriter, WorkerSocketConnector } from '@flink-ts/runtime'
import type { MiniClusterWorld } from './mini-cluster-options.js'

const STDOUT = 1

/** The machine's own clock, files, sockets and standard output, with what is given in their place. */
export function systemWorld(
  given: Partial<MiniClusterWorld> & { readonly configuration?: Configuration },
): MiniClusterWorld {
  const random = given.random ?? new SystemRandom()
  const clock = given.clock ?? new SystemClock()
  const { configuration = new Configuration() } = given
  return {
    clock,
    random,
    fileSystems: given.fileSystems ?? createFileSystems({ configuration, clock, random }),
    sockets: given.sockets ?? new WorkerSocketConnector(),
    stdout: given.stdout ?? new FileDescriptorLineWriter(STDOUT),
    log: given.log ?? noopLogger,
    defer: given.defer ?? ((action) => void setImmediate(action)),
    moduleLoader: given.moduleLoader ?? ((module) => import(module)),
  }
}
