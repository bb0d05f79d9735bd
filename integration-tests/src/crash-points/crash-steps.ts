import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Names the folder in which a test gives its orders. */
export const CRASH_FOLDER_VARIABLE = 'FLINK_TS_TEST_CRASH_FOLDER'

/** When a JobManager dies. */
export interface CrashOrder {
  /** Steps count from the first one with this in its label. */
  readonly from: string
  /** The step at which it dies: a regular expression for its label. None: steps are only written down. */
  readonly at?: string
  /** Which one of several such steps, from 1. Default 1. */
  readonly occurrence?: number
}

/** What else than the steps of a job happens meanwhile: addresses of leaders, and checkpoint ids. */
const BESIDE = /connection_info|checkpoint-id-counter$/
const WATCHED = /\/flink\/|\/high-availability\/|\/checkpoints\//

/**
 * Changes in ZooKeeper and of files that outlive their process, before and after each. At one of them the process kills itself, as
 * nobody else could do in time. The order is a file, so that it can be given while the process runs, and only one process follows it.
 */
export class CrashSteps {
  readonly #folder: string
  /** Of the order that was followed last. */
  #orderId: string | undefined
  #count = 0
  #occurrences = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /** In a process of a cluster that was started for it. */
  static ofThisProcess(): CrashSteps {
    const folder = process.env[CRASH_FOLDER_VARIABLE]
    if (folder === undefined) throw new Error(`${CRASH_FOLDER_VARIABLE} names no folder`)
    return new CrashSteps(folder)
  }

  /** Forgets what was written down, and has the next process that comes to the step die. */
  give(order: CrashOrder): void {
    rmSync(this.#file('steps'), { force: true })
    rmSync(this.#file('died'), { force: true })
    writeFileSync(this.#file('order'), JSON.stringify({ ...order, id: randomUUID() }))
  }

  /** Nobody dies any more. */
  revoke(): void {
    rmSync(this.#file('order'), { force: true })
  }

  /** The steps that were taken since the order, up to the last one. */
  get taken(): string[] {
    const file = this.#file('steps')
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
  }

  /** The step at which a process died, if one has. */
  get diedAt(): string | undefined {
    const file = this.#file('died')
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  }

  async around<T>(what: string, run: () => Promise<T>): Promise<T> {
    this.#step(`before ${what}`)
    const result = await run()
    this.#step(`after ${what}`)
    return result
  }

  #step(what: string): void {
    if (!existsSync(this.#file('order')) || !WATCHED.test(what) || BESIDE.test(what)) return
    const order = readFileSync(this.#file('order'), 'utf8')
    const { from, at, occurrence = 1, id } = JSON.parse(order) as CrashOrder & { id: string }
    if (id !== this.#orderId) this.#count = this.#occurrences = 0
    this.#orderId = id
    const label = withoutIds(what)
    if (this.#count === 0 && !label.includes(from)) return
    this.#count++
    appendFileSync(this.#file('steps'), `${label}\n`)
    if (at === undefined || !new RegExp(at).test(label)) return
    if (++this.#occurrences < occurrence) return
    writeFileSync(this.#file('died'), label)
    this.revoke()
    process.kill(process.pid, 'SIGKILL')
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }
}

function withoutIds(label: string): string {
  return label
    .replaceAll(/\/flink\/[^/ ]+\//g, '')
    .replaceAll(/(?:file:\/\/)?\/\S*\/high-availability\/[^/ ]+\//g, 'storage:')
    .replaceAll(/(?<= )(?:file:\/\/)?\/\S*(?=\/checkpoints\/)/g, '')
    .replaceAll(/check leader\/latch\/latch-\S+, /g, '')
    .replaceAll(/\d+-[0-9a-f]{8,}/g, '<file>')
    .replaceAll(/[0-9a-f]{32,}/g, '<id>')
    .replaceAll(/(\/|chk-)\d+/g, '$1<n>')
}
