import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { userEnvironment } from './flink-configuration.js'
import { freePorts } from './free-port.js'

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end; a code other than 0 is no error here. */
export function command(
  file: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(file, [...args], { env: environment, cwd: tmpdir() }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ code, stdout, stderr })
    })
  })
}

/** Checks that a command ended with 0; shows what it wrote if not. */
export function succeeded(t: Test, result: CommandResult, name: string): void {
  t.equal(result.code, 0, name, result.code === 0 ? {} : { output: result })
}

/** What `npm run dist` writes to `out`, of the packages as they are built now. */
export function assemble(out: string): Promise<CommandResult> {
  const script = join(REPOSITORY, 'scripts', 'dist.mjs')
  return command(process.execPath, [script, '--no-build', '--out', out])
}

/** A new folder that is removed when the test ends. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts dist-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Folders and ports of a cluster that meets no other one. */
export interface ClusterPlace {
  readonly environment: NodeJS.ProcessEnv
  readonly restAddress: string
  readonly pidFolder: string
  readonly logFolder: string
  readonly temporaryFolder: string
}

/**
 * Makes configuration, log and pid folders below `folder`, from the configuration that `home` brings.
 *
 * @param properties more keys and values, which win
 */
export async function clusterPlace(
  folder: string,
  home: string,
  properties: Readonly<Record<string, string>> = {},
): Promise<ClusterPlace> {
  const [restPort, rpcPort] = await freePorts(2)
  const [conf, logFolder, pidFolder, temporary] = ['conf', 'log', 'pid', 'tmp'].map((name) =>
    join(folder, name),
  )
  for (const path of [logFolder!, pidFolder!, temporary!]) mkdirSync(path, { recursive: true })
  cpSync(join(home, 'conf'), conf!, { recursive: true })
  const values: Record<string, string> = {
    'jobmanager.rpc.port': String(rpcPort),
    'rest.port': String(restPort),
    'io.tmp.dirs': temporary!,
    ...properties,
  }
  const file = join(conf!, 'flink-conf.yaml')
  const kept = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !Object.hasOwn(values, line.split(':')[0]!))
  const added = Object.entries(values).map(([key, value]) => `${key}: ${value}`)
  writeFileSync(file, `${[...kept, ...added].join('\n')}\n`)
  writeFileSync(join(conf!, 'workers'), 'localhost\n')
  const { FLINK_HOME: _home, ...environment } = userEnvironment()
  return {
    environment: {
      ...environment,
      FLINK_CONF_DIR: conf,
      FLINK_LOG_DIR: logFolder,
      FLINK_PID_DIR: pidFolder,
      FLINK_NODE: process.execPath,
    },
    restAddress: `127.0.0.1:${restPort}`,
    pidFolder: pidFolder!,
    logFolder: logFolder!,
    temporaryFolder: temporary!,
  }
}
