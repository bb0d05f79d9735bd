import { spawn } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isAlive, now, sleep } from '../measure/processes.mjs'
import { freePorts } from './free-ports.mjs'
import { RestApi } from './rest-api.mjs'

const START_PATIENCE_S = 90
const STOP_PATIENCE_S = 30

const DAEMON = { jobManager: 'standalonesession', taskManager: 'taskexecutor' }

/**
 * A standalone cluster of one JobManager and one TaskManager, started by the scripts of an installation: ours or
 * Apache Flink's, which are used alike. Has folders and ports of its own and ends only what it started.
 */
export class StandaloneCluster {
  name
  /** @type {RestApi} */
  rest
  slots
  #home
  #folder
  #environment
  #configuration
  #startedTaskManagers = 0
  #pidByTaskManager = new Map()

  /**
   * @param system `home` of the installation, `name`, and `configurationFile(values, home)`: file name and text
   * @param configuration keys and values beside addresses, ports and slots
   */
  constructor(system, { scratch, slots, configuration = {} }) {
    this.name = system.name
    this.slots = slots
    this.#home = system.home
    this.#folder = mkdtempSync(join(scratch, `${system.name}-`))
    this.#configuration = configuration
    this.system = system
    const folder = (name) => join(this.#folder, name)
    this.#environment = {
      ...process.env,
      FLINK_CONF_DIR: folder('conf'),
      FLINK_LOG_DIR: folder('log'),
      FLINK_PID_DIR: folder('pid'),
    }
    delete this.#environment.FLINK_HOME
  }

  /** @returns seconds until the script ended and until all slots were registered */
  async start() {
    await this.#configure()
    const begin = now()
    await this.bin('start-cluster.sh')
    const script = now() - begin
    for (;;) {
      const overview = await this.rest.get('/overview').catch(() => undefined)
      if (overview?.['slots-total'] === this.slots) return { script, ready: now() - begin }
      if (now() - begin > START_PATIENCE_S) throw new Error(`${this.name} did not start`)
      await sleep(5)
    }
  }

  /** A JobManager, and TaskManagers `tm-0`, `tm-1`, …. */
  async startWith(taskManagers) {
    await this.#configure()
    await this.bin('jobmanager.sh', ['start'])
    for (let i = 0; i < taskManagers; i++) await this.startTaskManager()
    await this.awaitSlots(taskManagers * this.slots)
  }

  async startTaskManager() {
    const id = `tm-${this.#startedTaskManagers++}`
    // One more line of those that stop-cluster.sh goes through.
    appendFileSync(join(this.folder('conf'), 'workers'), 'localhost\n')
    await this.bin('taskmanager.sh', ['start', `-Dtaskmanager.resource-id=${id}`])
    this.#pidByTaskManager.set(id, this.#pidsOf(DAEMON.taskManager).at(-1))
  }

  pidOf(taskManagerId) {
    return this.#pidByTaskManager.get(taskManagerId)
  }

  async awaitSlots(slots) {
    const begin = now()
    for (;;) {
      const overview = await this.rest.get('/overview').catch(() => undefined)
      if (overview?.['slots-total'] === slots) return
      if (now() - begin > START_PATIENCE_S) throw new Error(`${this.name} did not start`)
      await sleep(20)
    }
  }

  /**
   * Two JobManagers and TaskManagers, with high availability in its configuration.
   *
   * @returns the leader's and the standby's process, and REST of each
   */
  async startWithStandby(taskManagers) {
    await this.#configure()
    const start = async () => {
      const [restPort] = await freePorts(1)
      await this.bin('jobmanager.sh', ['start', '-D', `rest.port=${restPort}`])
      const pid = this.#pidsOf(DAEMON.jobManager).at(-1)
      return { pid, rest: new RestApi(`http://127.0.0.1:${restPort}`) }
    }
    const leader = await start()
    this.rest = leader.rest
    // The second one finds it leading.
    await this.awaitSlots(0)
    const standby = await start()
    for (let i = 0; i < taskManagers; i++) await this.startTaskManager()
    await this.awaitSlots(taskManagers * this.slots)
    return { leader, standby }
  }

  /** A JobManager alone, which starts its TaskManagers itself. Resolves when it answers. */
  async startJobManager() {
    await this.#configure()
    await this.bin('jobmanager.sh', ['start'])
    const begin = now()
    while ((await this.rest.get('/overview').catch(() => undefined)) === undefined) {
      if (now() - begin > START_PATIENCE_S) throw new Error(`${this.name} did not start`)
      await sleep(5)
    }
  }

  /** Of the TaskManagers that the JobManager started. */
  workerPids() {
    const own = (pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        return words.includes('taskmanager.resource-id') && environment.includes(this.#folder)
      } catch {
        // It has ended, or is somebody else's.
        return false
      }
    }
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && own(name))
      .map(Number)
  }

  /** @returns seconds until the last process was gone */
  async stop() {
    const pids = this.pids()
    const begin = now()
    if (pids.length > 0) await this.bin('stop-cluster.sh').catch(() => {})
    while (pids.some(isAlive) && now() - begin < STOP_PATIENCE_S) await sleep(5)
    const seconds = now() - begin
    for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
    return seconds
  }

  /** One of its own folders: conf, log, pid, tmp. */
  folder(name) {
    return join(this.#folder, name)
  }

  get jobManagerPid() {
    return this.#pidsOf(DAEMON.jobManager)[0]
  }

  get taskManagerPid() {
    return this.#pidsOf(DAEMON.taskManager)[0]
  }

  pids() {
    return Object.values(DAEMON).flatMap((daemon) => this.#pidsOf(daemon))
  }

  /**
   * Runs a script of the installation.
   *
   * @returns its standard output and the wall time of the whole command in seconds
   */
  bin(script, args = []) {
    const begin = now()
    return new Promise((resolve, reject) => {
      const child = spawn(join(this.#home, 'bin', script), args, {
        env: this.#environment,
        cwd: this.#folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const output = { stdout: '', stderr: '' }
      for (const stream of ['stdout', 'stderr']) {
        child[stream].setEncoding('utf8')
        child[stream].on('data', (text) => {
          output[stream] += text
        })
      }
      child.on('error', reject)
      // The exit, not the end of the pipes: daemons may keep them open.
      child.on('exit', (code, signal) => {
        const seconds = now() - begin
        setImmediate(() => {
          child.stdout.destroy()
          child.stderr.destroy()
          if (code === 0) resolve({ stdout: output.stdout, seconds })
          else {
            reject(
              new Error(
                `${this.name}: ${script} ${args.join(' ')} ended with ${code ?? signal}\n${output.stdout}${output.stderr}`,
              ),
            )
          }
        })
      })
    })
  }

  /** Runs a program of bench/programs, or its counterpart in Java, as the `flink` command does. */
  async run(program, args = [], { detached = false, options = [] } = {}) {
    const words = this.system.program(program)
    return this.bin('flink', ['run', ...(detached ? ['-d'] : []), ...options, ...words, ...args])
  }

  async #configure() {
    const [restPort, rpcPort] = await freePorts(2)
    this.rest = new RestApi(`http://127.0.0.1:${restPort}`)
    for (const name of ['conf', 'log', 'pid', 'tmp', 'upload']) {
      mkdirSync(join(this.#folder, name), { recursive: true })
    }
    const { file, text } = this.system.configurationFile({
      'jobmanager.rpc.address': 'localhost',
      'jobmanager.rpc.port': String(rpcPort),
      'rest.address': 'localhost',
      'rest.port': String(restPort),
      'taskmanager.host': 'localhost',
      'taskmanager.numberOfTaskSlots': String(this.slots),
      'io.tmp.dirs': join(this.#folder, 'tmp'),
      'web.upload.dir': join(this.#folder, 'upload'),
      ...this.#configuration,
    })
    const conf = join(this.#folder, 'conf')
    this.system.prepareConfigurationFolder?.(conf)
    writeFileSync(join(conf, file), text)
    writeFileSync(join(conf, 'masters'), `localhost:${restPort}\n`)
    writeFileSync(join(conf, 'workers'), 'localhost\n')
  }

  #pidsOf(daemon) {
    const folder = this.#environment.FLINK_PID_DIR
    let names = []
    try {
      names = readdirSync(folder)
    } catch {
      // Nothing was started yet: there is no folder.
    }
    return names
      .filter((name) => name.includes(daemon) && name.endsWith('.pid'))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
      .filter((line) => line !== '')
      .map(Number)
  }
}
