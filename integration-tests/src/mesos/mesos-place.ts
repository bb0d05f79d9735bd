import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemClock } from '@flink-ts/core'
import { readClusterSecret, restToken } from '@flink-ts/core/security'
import { RestClusterClient } from '@flink-ts/rest/client'
import type { Test } from 'tap'
import type { MesosCluster } from '../clusters/mesos.js'
import type { MesosFramework, MesosTask } from '../clusters/mesos-operator.js'
import { Command, type CommandResult } from '../support/command.js'
import { userEnvironment, writeFlinkConfiguration } from '../support/flink-configuration.js'
import { freePorts } from '../support/free-port.js'
import { isAlive } from '../support/processes.js'
import { SMALL_CONTAINERS } from '../support/small-containers.js'
import { PROJECT_FOLDER } from '../support/test-cluster.js'
import { until } from '../support/until.js'

const LOG_LINES_SHOWN = 30

/** The machine on which somebody starts JobManagers that are frameworks of a Mesos, and `flink`. */
export class MesosPlace {
  readonly mesos: MesosCluster
  readonly folder: string
  readonly confDir: string
  readonly environment: NodeJS.ProcessEnv
  readonly restAddress: string
  readonly #home: string
  readonly #configuration: Readonly<Record<string, string | number>>
  readonly #jobManagers: Command[] = []
  #tests = 0

  /**
   * @param configuration over the defaults of tests
   * @param home the installation to use; default: this checkout, which agents have as well. Another one is fetched by them
   */
  static async prepare(
    t: Test,
    mesos: MesosCluster,
    configuration: Readonly<Record<string, string | number>> = {},
    home = PROJECT_FOLDER,
  ): Promise<MesosPlace> {
    const [restPort, rpcPort] = await freePorts(2)
    const ports = { 'rest.port': restPort!, 'jobmanager.rpc.port': rpcPort! }
    const place = new MesosPlace(mesos, ports, configuration, home)
    t.teardown(() => place.#tearDown())
    return place
  }

  private constructor(
    mesos: MesosCluster,
    ports: Readonly<Record<'rest.port' | 'jobmanager.rpc.port', number>>,
    configuration: Readonly<Record<string, string | number>>,
    home: string,
  ) {
    this.#home = home
    this.mesos = mesos
    this.restAddress = `127.0.0.1:${ports['rest.port']}`
    this.folder = mkdtempSync(join(tmpdir(), 'flink-it-'))
    this.confDir = join(this.folder, 'conf')
    const temporary = join(this.folder, 'tmp')
    for (const folder of [this.confDir, temporary]) mkdirSync(folder)
    this.environment = userEnvironment({
      FLINK_CONF_DIR: this.confDir,
      FLINK_NODE: process.execPath,
    })
    this.#configuration = {
      'mesos.master': mesos.address,
      ...(home === PROJECT_FOLDER
        ? { 'mesos.flink-ts.home-path': home, 'mesos.flink-ts.node-path': process.execPath }
        : {}),
      'jobmanager.rpc.address': '127.0.0.1',
      ...ports,
      ...SMALL_CONTAINERS,
      'io.tmp.dirs': temporary,
      // No session of whoever runs the tests is found.
      'yarn.properties-file.location': this.folder,
      ...configuration,
    }
    this.configure({})
  }

  /** Another test begins: with the configuration that all have, and logs of its own. */
  begin(): void {
    this.configure({})
    this.#jobManagers.length = 0
    this.#tests++
  }

  /** Writes the configuration file, with more keys or other values; `''`: without it. */
  configure(configuration: Readonly<Record<string, string | number>>): void {
    const all = Object.entries({ ...this.#configuration, ...configuration })
    const present = all.filter(([, value]) => value !== '')
    writeFlinkConfiguration(this.confDir, Object.fromEntries(present))
  }

  /** Starts a script of `bin/`. */
  command(name: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Command {
    return new Command(join(this.#home, 'bin', name), args, {
      cwd: this.folder,
      environment: { ...this.environment, FLINK_LOG_DIR: this.#logDir, ...environment },
    })
  }

  /** Starts a JobManager by a script of `bin/`, and waits for nothing. */
  launch(script: 'mesos-appmaster.sh' | 'mesos-appmaster-job.sh', ...args: string[]): Command {
    const command = this.command(script, args)
    this.#jobManagers.push(command)
    return command
  }

  /** Starts the JobManager of a session and waits until its framework is registered and its REST API answers. */
  async startSession(...args: string[]): Promise<Command> {
    const command = this.launch('mesos-appmaster.sh', ...args)
    await this.untilServes(command)
    return command
  }

  /** @throws Error with all that the JobManager wrote if it ends before */
  async untilServes(command: Command): Promise<void> {
    let ended: CommandResult | undefined
    void command.result().then((result) => {
      ended = result
    })
    const isOver = (error: unknown) => error === ended
    await until(
      'the JobManager serves',
      async () => {
        if (ended !== undefined) throw ended
        await this.rest.clusterOverview()
        return (await this.mesos.operator.frameworks()).some(({ connected }) => connected)
      },
      120_000,
      isOver,
    ).catch((error: unknown) => {
      if (!isOver(error)) throw error
      throw new Error(`the JobManager ended: ${command.stdout}${command.stderr}${this.logs()}`)
    })
  }

  /** `flink ACTION -m …`. */
  flink(action: string, ...args: string[]): Promise<CommandResult> {
    return this.command('flink', [action, '-m', this.restAddress, ...args]).result()
  }

  /** What only its owner may read. */
  secret(): { readonly text: string; readonly token: string } {
    const secret = readClusterSecret(join(this.confDir, 'cluster-secret'))
    if (secret === undefined) throw new Error('the cluster has no secret yet')
    return { text: secret.fileText().trim(), token: restToken(secret) }
  }

  get rest(): RestClusterClient {
    const secret = readClusterSecret(join(this.confDir, 'cluster-secret'))
    return new RestClusterClient({
      address: this.restAddress,
      clock: new SystemClock(),
      ...(secret === undefined ? {} : { secret }),
    })
  }

  /** The one framework there is. */
  async framework(): Promise<MesosFramework> {
    const [framework, ...others] = await this.mesos.operator.frameworks()
    if (framework === undefined || others.length > 0) {
      throw new Error(`${others.length + (framework === undefined ? 0 : 1)} frameworks, not one`)
    }
    return framework
  }

  tasks(): Promise<MesosTask[]> {
    return this.mesos.operator.tasks()
  }

  /** The node process of a TaskManager, not the shells around it. */
  taskManagerProcess(taskId: string): number {
    const pid = this.mesos.taskProcesses(taskId).find((each) => {
      return !/^(\S*\/)?(ba)?sh\0/.test(readFileSync(`/proc/${each}/cmdline`, 'utf8'))
    })
    if (pid === undefined) throw new Error(`no process of ${taskId} is there`)
    return pid
  }

  /** Files of all sandboxes that are kept, by task and name. */
  sandboxFiles(): Map<string, string> {
    const texts = new Map<string, string>()
    for (const { taskId, folder } of this.mesos.sandboxes()) {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue
        const path = join(entry.parentPath, entry.name)
        texts.set(`${taskId}${path.slice(folder.length)}`, readFileSync(path, 'latin1'))
      }
    }
    return texts
  }

  /** What the JobManagers of this test have logged. */
  logs(): string {
    if (!existsSync(this.#logDir)) return ''
    return readdirSync(this.#logDir)
      .filter((name) => /\.log/.test(name))
      .map((name) => readFileSync(join(this.#logDir, name), 'utf8'))
      .join('\n')
  }

  get #logDir(): string {
    return join(this.folder, `log-${this.#tests}`)
  }

  /** Ends a session by its REST API, as its owner. */
  async shutDown(command: Command): Promise<CommandResult> {
    await this.rest.shutDownCluster()
    return command.result()
  }

  /** Checks that no framework is registered and nothing of one runs. */
  async checkNothingIsLeft(t: Test): Promise<void> {
    const { operator } = this.mesos
    const left = async () => ({
      frameworks: (await operator.frameworks()).map(({ id }) => id),
      tasks: (await operator.tasks()).map(({ id, state }) => `${id} ${state}`),
      processes: [...this.mesos.taskProcesses(), ...this.#jobManagers.map(({ pid }) => pid)].filter(
        isAlive,
      ),
    })
    let found = await left()
    await until('nothing is left', async () => {
      found = await left()
      return Object.values(found).every((list) => list.length === 0)
    }).catch(() => {})
    const nothing = { frameworks: [], tasks: [], processes: [] }
    t.strictSame(found, nothing, 'no framework, no task and no process is left')
  }

  /** Ends all JobManagers and frameworks, after a test that did not. */
  async removeAll(): Promise<void> {
    for (const each of this.#jobManagers) each.kill('SIGKILL')
    const { operator } = this.mesos
    for (const { id } of await operator.frameworks()) await operator.tearDown(id)
  }

  /** Shows the ends of logs if the test has failed. */
  showLogs(t: Test): void {
    if (t.passing()) return
    const show = (name: string, text: string) => {
      if (text.trim() === '') return
      const lines = text.trimEnd().split('\n').slice(-LOG_LINES_SHOWN)
      t.comment(`--- end of ${name}\n${lines.join('\n')}`)
    }
    for (const [index, { stdout, stderr }] of this.#jobManagers.entries()) {
      show(`output of JobManager ${index + 1}`, `${stdout}${stderr}`)
    }
    show('logs of JobManagers', this.logs())
    for (const [name, text] of this.sandboxFiles()) {
      if (/\/(stdout|stderr|.*\.(log|out|err))$/.test(name)) show(name, text)
    }
    for (const each of this.mesos.masters) show(each.name, each.log())
  }

  async #tearDown(): Promise<void> {
    for (const each of this.#jobManagers) each.kill('SIGKILL')
    await Promise.all(this.#jobManagers.map((each) => each.result()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A subtest that leaves nothing behind, and shows the logs of what ran if it fails. */
export async function mesosTest(
  t: Test,
  place: MesosPlace,
  name: string,
  body: (t: Test) => Promise<void>,
): Promise<void> {
  await t.test(name, async (t) => {
    place.begin()
    try {
      await body(t)
      await place.checkNothingIsLeft(t)
    } catch (error) {
      t.fail(error as Error)
    }
    place.showLogs(t)
    if (!t.passing()) await place.removeAll()
  })
}
