import {
  Configuration,
  type FileSystem,
  FileSystemRegistry,
  InMemoryFileSystem,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import { YarnClusterDescriptor } from '../../dist/deployment/yarn-cluster-descriptor.js'
import type { YarnWorld } from '../../dist/deployment/yarn-world.js'
import { FakeYarn } from './fake-yarn.js'
import { hurryingClock } from './hurrying-clock.js'

export const STAGING = 'hdfs:///user/ann/.flink-ts'
export const HOME = '/opt/flink-ts'
export const NODE = '/usr/bin/node'
/** As large as a program that runs alone. */
export const NODE_BYTES = new Uint8Array(21 * 1024 * 1024)

export interface PlaceOptions {
  readonly configuration?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly yarn?: FakeYarn
  /** Wraps the file system of the cluster, or this machine's. */
  readonly wrap?: (fileSystem: FileSystem) => FileSystem
  readonly hadoop?: Readonly<Record<string, string>>
}

/** A client with an installation on its disk, HDFS in memory and a YARN in this process. */
export async function yarnPlace(options: PlaceOptions = {}) {
  const clock = hurryingClock()
  const random = new SeededRandom(7)
  const yarn = options.yarn ?? new FakeYarn()
  const wrap = options.wrap ?? ((fileSystem) => fileSystem)
  const hdfs = new InMemoryFileSystem({ clock, random, scheme: 'hdfs' })
  const local = new InMemoryFileSystem({ clock, random, scheme: 'file' })
  await put(local, `${HOME}/lib/node_modules/@flink-ts/entrypoint/dist/mains/task-manager.js`, 'tm')
  await put(local, `${HOME}/lib/node_modules/@flink-ts/core/index.js`, 'core')
  if (options.configuration?.['yarn.flink-ts.node-path'] === undefined) {
    await put(local, NODE, NODE_BYTES)
  }
  const lines: string[] = []
  const world: YarnWorld = {
    context: {
      configuration: Configuration.fromMap({
        'jobmanager.memory.process.size': '1600m',
        'taskmanager.memory.process.size': '1728m',
        'taskmanager.numberOfTaskSlots': '2',
        ...options.configuration,
      }),
      clock,
      random,
      log: noopLogger,
      environment: {},
      flinkHome: HOME,
      configurationFolder: `${HOME}/conf`,
      workingDirectory: '/home/ann',
      tell: (line) => lines.push(line),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
    yarn: {
      hadoop: {
        get: (name) => options.hadoop?.[name],
        has: (name) => options.hadoop?.[name] !== undefined,
        folders: [],
      },
      resourceManagers: [{ address: 'rm1:8088', isSecure: false }],
      schedulers: ['rm1:8030'],
      userName: 'ann',
      stagingBase: 'hdfs:///user/ann',
      nameNodes: ['nn1:9870'],
    },
    transport: yarn.transport,
    fileSystems: new FileSystemRegistry([wrap(hdfs), wrap(local)]),
    nodeProgram: NODE,
    pack: async function* () {
      yield Buffer.from('packed')
    },
    digests: { of: (_what, _paths, compute) => compute() },
  }
  return { world, yarn, hdfs, local, clock, lines, descriptor: new YarnClusterDescriptor(world) }
}

export async function put(
  files: FileSystem,
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const stream = await files.create(path, 'overwrite')
  await stream.write(typeof content === 'string' ? Buffer.from(content) : content)
  await stream.close()
}

export async function textOf(files: FileSystem, path: string): Promise<string> {
  const { lengthBytes } = await files.getFileStatus(path)
  const bytes = new Uint8Array(Number(lengthBytes))
  const stream = await files.open(path)
  await stream.read(bytes, 0)
  return Buffer.from(bytes).toString()
}

/** Names of what is in a folder; empty if it is not there. */
export async function namesIn(files: FileSystem, folder: string): Promise<string[]> {
  if (!(await files.exists(folder))) return []
  const found = await files.list(folder)
  return found.map(({ path }) => path.slice(path.lastIndexOf('/') + 1))
}
