import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { now, sleep } from '../measure/processes.mjs'

const PATIENCE_S = 120
const LOG = /-mesos-appmaster-.*\.log$/

/** A real Mesos of the integration tests, of one master and one agent, and our JobManagers that are frameworks of it. */
export class MesosLab {
  #mesos
  #home
  #folder
  #restPort
  #environment
  #jobManager

  /**
   * @param root of the repository, built with its tests
   * @param fetches whether agents fetch what TaskManagers run from, as they do by default; otherwise they have it
   * @returns undefined, having said why, if there is no Mesos here
   */
  static async start({ root, home, scratch, system, log, fetches = false }) {
    const tests = (path) =>
      import(pathToFileURL(join(root, 'integration-tests', 'dist-test', path)).href)
    const { mesosMissing } = await tests('clusters/mesos-programs.js')
    const missing = mesosMissing()
    if (missing !== undefined) {
      log(`not measured on a real Mesos: ${missing}`)
      return undefined
    }
    const { startMesos } = await tests('clusters/mesos.js')
    const { freePorts } = await tests('support/free-port.js')
    // As they come: how often offers are made is the master's own affair.
    const mesos = await startMesos({ masterFlags: { allocation_interval: '1secs' } })
    const [restPort] = await freePorts(1)
    return new MesosLab({ mesos, home, scratch, system, restPort, fetches })
  }

  constructor({ mesos, home, scratch, system, restPort, fetches }) {
    this.#mesos = mesos
    this.#home = home
    this.#restPort = restPort
    this.#folder = join(scratch, fetches ? 'mesos-fetching' : 'mesos')
    const folder = (name) => join(this.#folder, name)
    for (const name of ['conf', 'tmp']) mkdirSync(folder(name), { recursive: true })
    const { file, text } = system.configurationFile({
      'mesos.master': mesos.address,
      ...(!fetches && {
        'mesos.flink-ts.home-path': home,
        'mesos.flink-ts.node-path': process.execPath,
      }),
      'jobmanager.rpc.address': '127.0.0.1',
      'rest.port': restPort,
      'io.tmp.dirs': folder('tmp'),
      'taskmanager.numberOfTaskSlots': 1,
      // The next job gets a TaskManager of its own.
      'resourcemanager.taskmanager-timeout': '500 ms',
    })
    writeFileSync(join(folder('conf'), file), text)
    const { FLINK_HOME: _, NODE_OPTIONS: __, ...outer } = process.env
    this.#environment = { ...outer, FLINK_CONF_DIR: folder('conf'), FLINK_LOG_DIR: folder('log') }
  }

  /** The JobManager of a session, ready for jobs. */
  async startSession() {
    const { done } = this.#spawn('mesos-appmaster.sh', [])
    this.#jobManager = done
    const words = ['JobManager is ready', 'The framework is subscribed']
    await this.#until('the JobManager is ready', () => {
      const text = this.#jobManagerLog()
      return words.every((word) => text.includes(word))
    })
  }

  /** `flink run -d`, until its one TaskManager was there and is gone again. @returns when the command began, in ms since 1970 */
  async runJob(program) {
    const { begin, done } = this.#spawn('flink', [
      'run',
      '-d',
      '-m',
      `127.0.0.1:${this.#restPort}`,
      ...program,
    ])
    await done
    const ended = () => this.#countOf('A task has ended')
    const before = this.#countOf('A task is wanted')
    await this.#until('the TaskManager has ended', () => ended() >= Math.max(1, before))
    return begin
  }

  /** `mesos-appmaster-job.sh`, to its end. @returns when the command began, in ms since 1970 */
  async runCluster(program) {
    const { begin, done } = this.#spawn('mesos-appmaster-job.sh', program)
    await done
    return begin
  }

  logs() {
    const [agent] = this.#mesos.agents
    const [master] = this.#mesos.masters
    return {
      jobManager: this.#jobManagerLog(),
      master: master.log(),
      agent: agent.log(),
      taskManager: (taskId) => {
        const sandbox = this.#mesos.sandboxes().findLast((each) => each.taskId === taskId)
        return readFileSync(join(sandbox.folder, 'flink-taskmanager.log'), 'utf8')
      },
    }
  }

  /** Ends the session, as SIGTERM does. */
  async endSession() {
    this.#session?.kill('SIGTERM')
    await this.#jobManager
    this.#session = undefined
  }

  async stop() {
    for (const child of this.#children) child.kill('SIGKILL')
    await this.#mesos.stop()
  }

  #children = new Set()
  #session

  #spawn(script, words) {
    const begin = Date.now()
    const child = spawn(join(this.#home, 'bin', script), words, {
      env: this.#environment,
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    if (script === 'mesos-appmaster.sh') this.#session = child
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    const done = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        this.#children.delete(child)
        if (code === 0 || signal !== null || script === 'mesos-appmaster.sh') resolve()
        else reject(new Error(`${script} ${words.join(' ')} ended with ${code}\n${output}`))
      })
    })
    return { begin, done }
  }

  #countOf(words) {
    return this.#jobManagerLog().split(words).length - 1
  }

  #jobManagerLog() {
    let names = []
    try {
      names = readdirSync(join(this.#folder, 'log')).filter((name) => LOG.test(name))
    } catch {
      // It has not begun.
    }
    return names.map((name) => readFileSync(join(this.#folder, 'log', name), 'utf8')).join('\n')
  }

  async #until(what, isSo) {
    const begin = now()
    while (!isSo()) {
      if (now() - begin > PATIENCE_S) throw new Error(`waited in vain until ${what}`)
      await sleep(50)
    }
  }
}
