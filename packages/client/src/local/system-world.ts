import {
  FileSystemRegistry,
  LocalFileSystem,
  noopLogger,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import { FileDescriptorLineWriter, WorkerSocketConnector } from '@flink-ts/runtime'
import type { MiniClusterWorld } from './mini-cluster-options.js'

const STDOUT = 1

/** The machine's own clock, files, sockets and standard output, with what is given in their place. */
export function systemWorld(given: Partial<MiniClusterWorld>): MiniClusterWorld {
  const random = given.random ?? new SystemRandom()
  return {
    clock: given.clock ?? new SystemClock(),
    random,
    fileSystems: given.fileSystems ?? new FileSystemRegistry([new LocalFileSystem(random)]),
    sockets: given.sockets ?? new WorkerSocketConnector(),
    stdout: given.stdout ?? new FileDescriptorLineWriter(STDOUT),
    log: given.log ?? noopLogger,
    defer: given.defer ?? ((action) => void setImmediate(action)),
    moduleLoader: given.moduleLoader ?? ((module) => import(module)),
  }
}
