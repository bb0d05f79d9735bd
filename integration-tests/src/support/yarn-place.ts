import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type FileSystem, SystemClock } from '@flink-ts/core'
import { ClusterSecret, restToken } from '@flink-ts/core/security'
import { RestClusterClient } from '@flink-ts/rest/client'
import type { Test } from 'tap'
import type { Hadoop } from '../clusters/hadoop.js'
import { YarnRest } from '../clusters/yarn-rest.js'
import { Command, type CommandResult } from './command.js'
import { userEnvironment, writeFlinkConfiguration } from './flink-configuration.js'
import { isAlive } from './processes.js'
import { fileSystemsOf } from './remote-file-system.js'
import { SMALL_CONTAINERS } from './small-containers.js'
import { PROJECT_FOLDER } from './test-cluster.js'
import { until } from './until.js'

const APPLICATION_ID = /application_\d+_\d+/
const LOG_LINES_SHOWN = 20

/** A person's place to deploy clusters on a Hadoop from: configuration, temporary files, and what is known of what was deployed. */
export class YarnPlace {
  readonly hadoop: Hadoop
  readonly yarn: YarnRest
  readonly folder: string
  readonly confDir: string
  readonly tmpDir: string
  readonly environment: NodeJS.ProcessEnv
  readonly user = userInfo().username
  /** Of HDFS. */
  readonly fileSystem: FileSystem
  readonly #home: string

  /**
   * @param configuration over the defaults of tests
   * @param home the installation to use; default: this checkout, which containers use as well
   */
  constructor(
    t: Test,
    hadoop: Hadoop,
    configuration: Readonly<Record<string, string | number>> = {},
    home = PROJECT_FOLDER,
  ) {
    this.hadoop = hadoop
    this.#home = home
    this.yarn = new YarnRest(hadoop)
    this.folder = mkdtempSync(join(tmpdir(), 'flink-it-'))
    t.teardown(() => rmSync(this.folder, { recursive: true, force: true }))
    this.confDir = join(this.folder, 'conf')
    this.tmpDir = join(this.folder, 'tmp')
    for (const folder of [this.confDir, this.tmpDir]) mkdirSync(folder)
    this.fileSystem = fileSystemsOf({ 'webhdfs.namenodes': hadoop.addresses.nameNodeHttp }).forPath(
      hadoop.defaultFs,
    )
    this.environment = userEnvironment({
      FLINK_CONF_DIR: this.confDir,
      FLINK_LOG_DIR: join(this.folder, 'log'),
      FLINK_NODE: process.execPath,
      HADOOP_CONF_DIR: hadoop.confDir,
      TMPDIR: this.tmpDir,
      XDG_CACHE_HOME: join(this.folder, 'cache'),
    })
    this.configure({
      ...SMALL_CONTAINERS,
      'yarn.heartbeat.interval': 1,
      'yarn.heartbeat.container-request-interval': '200 ms',
      ...(home === PROJECT_FOLDER
        ? { 'yarn.flink-ts.home-path': home, 'yarn.flink-ts.node-path': process.execPath }
        : {}),
      ...configuration,
    })
  }

  /** Replaces the configuration file. */
  configure(configuration: Readonly<Record<string, string | number>>): void {
    writeFlinkConfiguration(this.confDir, configuration)
  }

  /** Starts a script of `bin/`. */
  command(
    name: string,
    args: readonly string[],
    options: { readonly hasInput?: boolean; readonly environment?: NodeJS.ProcessEnv } = {},
  ): Command {
    return new Command(join(this.#home, 'bin', name), args, {
      cwd: this.folder,
      environment: { ...this.environment, ...options.environment },
      hasInput: options.hasInput ?? false,
    })
  }

  flink(...args: string[]): Promise<CommandResult> {
    return this.command('flink', args).result()
  }

  /** Makes an empty file in the folder of this place. */
  open(name: string): void {
    writeFileSync(join(this.folder, name), '')
  }

  /** `yarn-session.sh -d`. @returns the application's id */
  async startSession(...args: string[]): Promise<string> {
    return applicationIn(await this.command('yarn-session.sh', ['-d', ...args]).result())
  }

  /** The application that a client has told of by now. */
  untilApplication(command: Command): Promise<string> {
    return until('the client tells the application', () => {
      return APPLICATION_ID.exec(command.stdout + command.stderr)?.[0]
    })
  }

  stagingFolder(applicationId: string): string {
    return `${this.hadoop.defaultFs}/user/${this.user}/.flink-ts/${applicationId}`
  }

  /** Folders of applications that are there, whosever. */
  async stagingFolders(): Promise<string[]> {
    const folder = `${this.hadoop.defaultFs}/user/${this.user}/.flink-ts`
    if (!(await this.fileSystem.exists(folder))) return []
    const files = await this.fileSystem.list(folder)
    return files.map(({ path }) => path).filter((path) => APPLICATION_ID.test(path))
  }

  /** The text of a file in HDFS. */
  async readFile(path: string): Promise<string> {
    const size = Number((await this.fileSystem.getFileStatus(path)).lengthBytes)
    const input = await this.fileSystem.open(path)
    try {
      const bytes = new Uint8Array(size)
      for (let at = 0; at < size; ) at += await input.read(bytes.subarray(at), at)
      return new TextDecoder().decode(bytes)
    } finally {
      await input.close()
    }
  }

  /** What only its owner may read. */
  async secret(applicationId: string): Promise<{ readonly text: string; readonly token: string }> {
    const path = `${this.stagingFolder(applicationId)}/cluster-secret`
    const text = (await this.readFile(path)).trim()
    return { text, token: restToken(ClusterSecret.fromText(text, path)) }
  }

  /** `host:port` of the REST API, as YARN reports it. */
  async restAddress(applicationId: string): Promise<string> {
    const { amRPCAddress } = await this.yarn.application(applicationId)
    if (amRPCAddress === undefined) throw new Error(`${applicationId} has no address yet`)
    return amRPCAddress
  }

  async rest(applicationId: string): Promise<RestClusterClient> {
    const { text } = await this.secret(applicationId)
    return new RestClusterClient({
      address: await this.restAddress(applicationId),
      clock: new SystemClock(),
      secret: ClusterSecret.fromText(text, 'the staging folder'),
    })
  }

  /** Text of the log files of an application's containers that a NodeManager has, by container and name. */
  logs(applicationId: string): Map<string, string> {
    const texts = new Map<string, string>()
    for (const { logsFolder } of this.hadoop.nodeManagers) {
      const folder = join(logsFolder, applicationId)
      if (!existsSync(folder)) continue
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue
        const path = join(entry.parentPath, entry.name)
        texts.set(path.slice(folder.length + 1), readFileSync(path, 'utf8'))
      }
    }
    return texts
  }

  /** Waits until YARN says how an application ended. */
  untilEnded(applicationId: string): Promise<{ finalStatus: string; diagnostics: string }> {
    return until(`${applicationId} has ended`, async () => {
      const application = await this.yarn.application(applicationId)
      return ['FINISHED', 'FAILED', 'KILLED'].includes(application.state) && application
    })
  }

  /** Checks that no application runs, no process is in a container, and no staging folder is there. */
  async checkNothingIsLeft(t: Test): Promise<void> {
    const left = async () => ({
      applications: (await this.yarn.running()).map(({ id, state }) => `${id} ${state}`),
      processes: this.hadoop.containerProcesses().filter(isAlive),
      folders: await this.stagingFolders(),
    })
    const nothing = { applications: [], processes: [], folders: [] }
    let found = await left()
    await until('nothing is left', async () => {
      found = await left()
      return Object.values(found).every((list) => list.length === 0)
    }).catch(() => {})
    t.strictSame(found, nothing, 'no application, no process and no staging folder is left')
  }

  /** Ends all applications and removes their folders, after a test that did not. */
  async removeAll(): Promise<void> {
    for (const { id } of await this.yarn.running()) await this.yarn.kill(id, this.user)
    for (const path of await this.stagingFolders()) {
      await this.fileSystem.delete(path, { recursive: true })
    }
  }

  /** Shows the ends of the logs of applications that were not there `before` if the test has failed. */
  async showLogs(t: Test, before: ReadonlySet<string>): Promise<void> {
    if (t.passing()) return
    for (const { id, state, finalStatus, diagnostics } of await this.yarn.applications()) {
      if (before.has(id)) continue
      t.comment(`--- ${id} ${state} ${finalStatus} ${diagnostics}`)
      for (const [name, text] of this.logs(id)) {
        if (!/\.(log|out|err)$/.test(name) || text === '') continue
        const lines = text.trimEnd().split('\n').slice(-LOG_LINES_SHOWN)
        t.comment(`--- end of ${name}\n${lines.join('\n')}`)
      }
    }
  }
}

/** The application that a client has told of. @throws Error with all that it wrote if it failed */
export function applicationIn({ code, stdout, stderr }: CommandResult): string {
  const id = APPLICATION_ID.exec(stdout + stderr)?.[0]
  if (code !== 0 || id === undefined) throw new Error(`it ended with ${code}: ${stderr}${stdout}`)
  return id
}
