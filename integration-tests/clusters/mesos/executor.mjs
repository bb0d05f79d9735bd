// Stands in for `mesos-executor`, the agent's command executor, which no registry carries: runs the command of one task, by the
// v1 executor API.
//
// As the real one: the states and their messages, STARTING before RUNNING; KILL ends the command's processes with SIGTERM and, when
// the grace period is over, with SIGKILL; KILLING for frameworks that know it; updates are kept until they are
// acknowledged and sent again to an agent that comes back; it outlives its agent if the framework checkpoints, and ends without it otherwise.
// Otherwise: what the command leaves behind is ended, as an agent with cgroups does. No checks, no images, no task groups, no TLS.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const environment = process.env
const DEFAULT_GRACE_MS = 3_000
const RECONNECT_MS = 300
/** An agent that does not come back within its own limit is waited for this long at the least. */
const MIN_PATIENCE_MS = 60_000
/** Agents do not acknowledge the ends that they have asked for; the real executor does not wait longer either. */
const LAST_WORD_MS = 1_000
const SIGNALS = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGQUIT: 'Quit',
  SIGILL: 'Illegal instruction',
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGKILL: 'Killed',
  SIGSEGV: 'Segmentation fault',
  SIGPIPE: 'Broken pipe',
  SIGTERM: 'Terminated',
}
const UNITS = { ns: 1e-6, us: 1e-3, ms: 1, secs: 1e3, mins: 60e3, hrs: 3600e3, days: 86_400e3 }

/** Of the framework and of this executor, for every call. */
const IDS = {
  framework_id: { value: environment.MESOS_FRAMEWORK_ID },
  executor_id: { value: environment.MESOS_EXECUTOR_ID },
}

/** Standard output is the command's alone. */
function log(...words) {
  console.error(new Date().toISOString(), ...words)
}

/** A duration in Mesos' words, such as `15mins`. */
function milliseconds(text, otherwise) {
  const [, number, unit] = /^([\d.]+)([a-z]+)$/.exec(text ?? '') ?? []
  return UNITS[unit] === undefined ? otherwise : Number(number) * UNITS[unit]
}

/** Posts a call to the agent. Resolves with the response, whose body nobody has read. */
function post(call) {
  const [host, port] = environment.MESOS_AGENT_ENDPOINT.split(':')
  const [agent] = environment.MESOS_SLAVE_PID.split('@')
  const token = environment.MESOS_EXECUTOR_AUTHENTICATION_TOKEN
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ ...IDS, ...call })
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    request(
      { host, port, method: 'POST', path: `/${agent}/api/v1/executor`, agent: false, headers },
      resolve,
    )
      .on('error', reject)
      .end(body)
  })
}

async function textOf(response) {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return text
}

/** Events of a stream: decimal length, newline, so many bytes. */
async function* events(response) {
  let rest = Buffer.alloc(0)
  for await (const chunk of response) {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const line = rest.indexOf('\n')
      if (line < 0) break
      const end = line + 1 + Number(rest.toString('latin1', 0, line))
      if (rest.length < end) break
      yield JSON.parse(rest.toString('utf8', line + 1, end))
      rest = rest.subarray(end)
    }
  }
}

class CommandExecutor {
  #framework = {}
  #task
  #isTaskKnown = false
  #child
  #hasEnded = false
  #isKilled = false
  #isShutDown = false
  #killTimer
  #killAtMs = Number.POSITIVE_INFINITY
  #isSubscribed = false
  /** By uuid, oldest first; sent one after the other. */
  #updates = new Map()
  #sending = Promise.resolve()
  #lastUpdate

  /** Serves one agent after the other until the task has ended, or no agent comes any more. */
  async run() {
    const isPatient = environment.MESOS_CHECKPOINT === '1'
    const patienceMs = Math.max(
      milliseconds(environment.MESOS_RECOVERY_TIMEOUT, 15 * 60_000),
      MIN_PATIENCE_MS,
    )
    let lostAtMs = performance.now()
    for (;;) {
      try {
        await this.#subscribe()
      } catch (error) {
        log('no agent:', error.message)
      }
      if (this.#isSubscribed) lostAtMs = performance.now()
      this.#isSubscribed = false
      const isTooLong = performance.now() - lostAtMs > patienceMs
      if (isTooLong || (this.#task !== undefined && !isPatient)) this.#abandon()
      await sleep(RECONNECT_MS)
    }
  }

  async #subscribe() {
    const response = await post({
      type: 'SUBSCRIBE',
      subscribe: {
        unacknowledged_tasks: this.#task === undefined || this.#isTaskKnown ? [] : [this.#task],
        unacknowledged_updates: [...this.#updates.values()].map((status) => ({ status })),
      },
    })
    if (response.statusCode !== 200) {
      log('the agent refuses:', response.statusCode, await textOf(response))
      return
    }
    for await (const event of events(response)) this.#handle(event)
  }

  #handle(event) {
    log('received', event.type)
    switch (event.type) {
      case 'SUBSCRIBED':
        this.#framework = event.subscribed.framework_info
        this.#isSubscribed = true
        break
      case 'LAUNCH':
        if (this.#task === undefined) this.#launch(event.launch.task)
        break
      case 'KILL': {
        const policy = event.kill.kill_policy ?? this.#task?.kill_policy
        const nanoseconds = policy?.grace_period?.nanoseconds
        this.#kill(nanoseconds === undefined ? DEFAULT_GRACE_MS : Number(nanoseconds) / 1e6)
        break
      }
      case 'ACKNOWLEDGED': {
        const { uuid } = event.acknowledged
        this.#isTaskKnown = true
        this.#updates.delete(uuid)
        if (uuid === this.#lastUpdate) process.exit(0)
        break
      }
      case 'SHUTDOWN':
        this.shutDown()
        break
    }
  }

  #launch(task) {
    this.#task = task
    this.#update('TASK_STARTING')
    const { command } = task
    const role = task.resources?.find((each) => each.allocation_info)?.allocation_info.role
    const variables = (command.environment?.variables ?? []).map(({ name, value }) => [name, value])
    const isShell = command.shell ?? true
    const [name, ...words] = isShell
      ? ['sh', '-c', command.value ?? '']
      : (command.arguments ?? [command.value])
    const child = spawn(isShell ? '/bin/sh' : command.value, words, {
      argv0: name,
      cwd: environment.MESOS_SANDBOX ?? environment.MESOS_DIRECTORY,
      // A group of its own, by which all of it is ended.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...environment,
        ...(role === undefined ? {} : { MESOS_ALLOCATION_ROLE: role }),
        ...Object.fromEntries(variables),
      },
    })
    this.#child = child
    child.once('error', (error) => {
      console.error(`Failed to execute '${command.value}': ${error.message}`)
      this.#ended(1, null)
    })
    child.once('exit', (code, signal) => this.#ended(code, signal))
    this.#update('TASK_RUNNING')
  }

  #ended(code, signal) {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#killTimer)
    this.#signal('SIGKILL')
    const message =
      signal === null
        ? `Command exited with status ${code}`
        : `Command terminated with signal ${SIGNALS[signal] ?? signal}`
    log(message)
    const state = code === 0 ? 'TASK_FINISHED' : 'TASK_FAILED'
    this.#update(this.#isKilled ? 'TASK_KILLED' : state, message)
    if (this.#isShutDown) setTimeout(() => process.exit(0), LAST_WORD_MS)
  }

  #kill(graceMs) {
    if (this.#child === undefined || this.#hasEnded) return
    const atMs = performance.now() + graceMs
    if (!this.#isKilled) {
      this.#isKilled = true
      const capabilities = this.#framework.capabilities ?? []
      if (capabilities.some(({ type }) => type === 'TASK_KILLING_STATE')) {
        this.#update('TASK_KILLING')
      }
      this.#signal('SIGTERM')
    }
    // A later wish may only hasten it.
    if (atMs >= this.#killAtMs) return
    this.#killAtMs = atMs
    clearTimeout(this.#killTimer)
    this.#killTimer = setTimeout(() => this.#signal('SIGKILL'), graceMs)
  }

  /** The agent wants this executor to end. */
  shutDown() {
    if (this.#child === undefined || this.#hasEnded) process.exit(0)
    this.#isShutDown = true
    const limit = milliseconds(environment.MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD, 5_000)
    this.#kill(Math.max(200, limit - 2_000))
  }

  /** Nobody will ever ask for the task again. */
  #abandon() {
    this.#signal('SIGKILL')
    process.exit(1)
  }

  #signal(name) {
    if (this.#child?.pid === undefined) return
    try {
      process.kill(-this.#child.pid, name)
    } catch (error) {
      if (error.code !== 'ESRCH') throw error
    }
  }

  #update(state, message) {
    const uuid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64')
    const status = {
      task_id: this.#task.task_id,
      executor_id: IDS.executor_id,
      state,
      source: 'SOURCE_EXECUTOR',
      timestamp: Date.now() / 1000,
      uuid,
      ...(message === undefined ? {} : { message }),
    }
    this.#updates.set(uuid, status)
    if (['TASK_FINISHED', 'TASK_FAILED', 'TASK_KILLED'].includes(state)) this.#lastUpdate = uuid
    this.#sending = this.#sending.then(() => this.#send(status))
  }

  async #send(status) {
    // What has no agent now is part of the next subscription.
    if (!this.#isSubscribed || !this.#updates.has(status.uuid)) return
    try {
      const response = await post({ type: 'UPDATE', update: { status } })
      const text = await textOf(response)
      if (response.statusCode !== 202) log('the agent refuses:', response.statusCode, text)
    } catch (error) {
      log(`${status.state} is kept:`, error.message)
    }
  }
}

const executor = new CommandExecutor()
process.on('SIGTERM', () => executor.shutDown())
await executor.run()
