import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Configuration,
  FileSystemRegistry,
  LocalFileSystem,
  SeededRandom,
  SystemClock,
} from '@flink-ts/core'
import type { Offer } from '@flink-ts/mesos-client'
import type { WorkerResourceSpec } from '@flink-ts/runtime'
import { type LauncherWorld, MesosWorkerLauncher } from '../../dist/launch/mesos-worker-launcher.js'
import { RecordingLog } from './recording-log.js'

export const SECRET = 'f'.repeat(64)
export const OFFER: Offer = {
  id: 'o1',
  agentId: 'a1',
  hostname: 'agent7.example',
  role: '*',
  resources: [],
  attributes: [],
}
export const PORTS = { 'taskmanager.rpc.port': 31001, 'taskmanager.data.port': 31002 }

const PROFILE = {
  cpuCores: 1,
  taskHeapBytes: 0,
  taskOffHeapBytes: 0,
  managedBytes: 0,
  networkBytes: 0,
  extendedResources: {},
}

export interface LaunchTest {
  teardown(end: () => unknown): void
  testdir(): string
}

export function specOf(totalProcessBytes = 1728 * 1024 * 1024, cpuCores = 2): WorkerResourceSpec {
  return {
    cpuCores,
    totalProcessBytes,
    numberOfSlots: 2,
    slotProfile: PROFILE,
    totalProfile: PROFILE,
    dynamicProperties: { 'taskmanager.numberOfTaskSlots': '2' },
  }
}

const FOLDERS = new Set<string>()
process.on('exit', () => {
  for (const folder of FOLDERS) rmSync(folder, { recursive: true, force: true })
})

/** A launcher with a secret and an installation on the disk of this machine; not started. */
export function launcherUnderTest(
  t: LaunchTest,
  values: Record<string, string> = {},
  world: Partial<LauncherWorld> = {},
) {
  // Not one of the test: the archive may still be packed when it has ended.
  const folder = mkdtempSync(join(tmpdir(), 'flink-launch-'))
  FOLDERS.add(folder)
  const home = join(folder, 'home')
  const mains = join(home, 'lib/node_modules/@flink-ts/entrypoint/dist/mains')
  mkdirSync(mains, { recursive: true })
  mkdirSync(join(folder, 'temp'))
  mkdirSync(join(home, 'bin'))
  mkdirSync(join(home, 'conf'))
  writeFileSync(join(mains, 'task-manager.js'), 'run')
  writeFileSync(join(home, 'bin/mesos-taskmanager.sh'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(home, 'conf/flink-conf.yaml'), 'password: hush')
  const secretFile = join(folder, 'cluster-secret')
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 })
  const node = join(folder, 'node-program')
  writeFileSync(node, Buffer.alloc(21 * 1024 * 1024, 'n'))
  const log = new RecordingLog()
  const configuration = Configuration.fromMap({
    'taskmanager.memory.process.size': '1728m',
    'security.cluster.secret-file': secretFile,
    's3.secret-key': 'hush',
    ...values,
  })
  const launcher = new MesosWorkerLauncher(
    {
      configuration,
      clock: new SystemClock(),
      random: new SeededRandom(1),
      log,
      addresses: async () => ({ rpc: '127.0.0.1:6123', rest: '127.0.0.1:8081' }),
      folder: join(folder, 'temp'),
    },
    {
      files: new FileSystemRegistry([new LocalFileSystem(new SeededRandom(2))]),
      flinkHome: home,
      nodeProgram: node,
      userName: 'ann',
      ...world,
    },
  )
  t.teardown(() => launcher.close())
  return { launcher, log, configuration, folder, home, node, secretFile }
}
