import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePorts } from './support/free-port.js'
import { assemble, command, succeeded, temporaryFolder } from './support/installation.js'

// What a container runs, without the container: the image is this folder and Node.
const folder = temporaryFolder(t)
const home = join(folder, 'flink-ts')
const assembled = await assemble(home)
const entryPoint = join(home, 'docker', 'docker-entrypoint.sh')

const { FLINK_HOME: _home, FLINK_CONF_DIR: _conf, ...environment } = process.env
/** What the containers of a cluster are given to know each other by. */
const SECRET = '5ec7e7'.repeat(8)
const base = { ...environment, FLINK_NODE: process.execPath, TASK_MANAGER_HOST: '127.0.0.1' }

/** A process of a container: its output, and its exit code when it has ended. */
class Container {
  output = ''
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess

  constructor(args: readonly string[], properties: string) {
    const env = { ...base, FLINK_PROPERTIES: properties, FLINK_CLUSTER_SECRET: SECRET }
    this.#child = spawn(entryPoint, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        this.output += text
      })
    }
    this.exited = new Promise((resolve) => this.#child.on('exit', (code) => resolve(code)))
  }

  /** What `docker stop` sends. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.exited
  }
}

async function slotsAt(port: number): Promise<number> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/overview`)
    return ((await response.json()) as { 'slots-total': number })['slots-total']
  } catch {
    return -1
  }
}

t.test('docker-entrypoint.sh: is part of what npm run dist assembles', async (t) => {
  succeeded(t, assembled, 'npm run dist')
  t.match((await command(entryPoint, [], base)).stdout, /jobmanager\|taskmanager/)
  t.match((await command(entryPoint, ['help'], base)).stdout, /jobmanager\|taskmanager/)
})

t.test('docker-entrypoint.sh: runs any command of bin/, and else any command', async (t) => {
  t.match((await command(entryPoint, ['flink', '--version'], base)).stdout, /^Version: \d/)
  t.equal((await command(entryPoint, ['echo', 'a word'], base)).stdout, 'a word\n')
})

t.test('docker-entrypoint.sh: FLINK_PROPERTIES make a cluster; SIGTERM ends it', async (t) => {
  const [restPort, rpcPort] = await freePorts(2)
  const properties = [
    'jobmanager.rpc.address: 127.0.0.1',
    `jobmanager.rpc.port: ${rpcPort}`,
    `rest.port: ${restPort}`,
    'taskmanager.numberOfTaskSlots: 3',
  ].join('\n')
  // A container listens on all its addresses, this test on the one of this machine: the last -D wins.
  const jobManager = new Container(
    ['jobmanager', '-D', 'jobmanager.bind-host=127.0.0.1', '-D', 'rest.bind-address=127.0.0.1'],
    properties,
  )
  const taskManager = new Container(
    ['taskmanager', '-D', 'taskmanager.bind-host=127.0.0.1'],
    properties,
  )
  t.teardown(() => Promise.all([taskManager.stop(), jobManager.stop()]))

  let early = false
  const ended = Promise.race([jobManager.exited, taskManager.exited]).then(() => {
    early = true
  })
  while (!early && (await slotsAt(restPort!)) !== 3) {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))])
  }
  const outputs = { jobManager: jobManager.output, taskManager: taskManager.output }
  t.notOk(early, 'both run until they are stopped', early ? outputs : {})
  t.match(jobManager.output, /JobManager is ready/, 'the log goes to the standard output')
  t.match(taskManager.output, /TaskManager is ready/)
  t.notMatch(jobManager.output + taskManager.output, SECRET, 'the secret is not in the log')
  t.notOk(existsSync(join(home, 'conf', 'cluster-secret')), 'no other secret was made')

  t.equal(await taskManager.stop(), 0, 'exit code of the TaskManager')
  t.equal(await jobManager.stop(), 0, 'exit code of the JobManager')
  t.equal(await slotsAt(restPort!), -1)
})
