import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ZooKeeperClient, ZooKeeperError } from '@flink-ts/zookeeper-client'
import { startZooKeeper, type ZooKeeperEnsemble, zookeeperMissing } from '../clusters/zookeeper.js'
import { startZooKeeperClient } from '../support/open-zookeeper-client.js'
import { partFiles } from './read-output.js'

const ROOT = '/flink'
const CLUSTER = 'faults'
/** The driver's own session survives what it does to the servers. */
const OWN_SESSION_MS = 30_000
const OWN_CONNECTION_MS = 10_000
const WATCH_MS = 100
/** Nodes that a cluster has while it runs, also without a job. */
const STANDING =
  /^(\/leader(\/latch(\/.*)?|\/(dispatcher|resource_manager|rest_server)(\/connection_info)?)?|\/entries(\/(execution-plans|job-results|jobs))?)?$/

/** The ZooKeeper ensemble of a fault run and the folder of its JobManagers, looked at from outside. */
export class Coordination {
  readonly ensemble: ZooKeeperEnsemble
  readonly sessionTimeoutMs: number
  /** `high-availability.storageDir`, as a path. */
  readonly #folder: string
  readonly #client: ZooKeeperClient
  readonly #terms = new Set<string>()
  readonly #watching: NodeJS.Timeout

  static async start(
    folder: string,
    sessionTimeoutMs: number,
    nodes: 1 | 3 = 3,
  ): Promise<Coordination> {
    const missing = zookeeperMissing()
    if (missing !== undefined) throw new Error(missing)
    const ensemble = await startZooKeeper({ nodes })
    return new Coordination(ensemble, folder, sessionTimeoutMs)
  }

  private constructor(ensemble: ZooKeeperEnsemble, folder: string, sessionTimeoutMs: number) {
    this.ensemble = ensemble
    this.sessionTimeoutMs = sessionTimeoutMs
    this.#folder = join(folder, 'high-availability')
    mkdirSync(this.#folder)
    this.#client = startZooKeeperClient(ensemble.connectString, {
      sessionTimeoutMs: OWN_SESSION_MS,
      connectionTimeoutMs: OWN_CONNECTION_MS,
    })
    this.#watching = setInterval(() => void this.leader().catch(() => {}), WATCH_MS)
  }

  /** For all processes of the cluster. */
  get configuration(): Readonly<Record<string, string>> {
    return {
      'high-availability.type': 'zookeeper',
      'high-availability.zookeeper.quorum': this.ensemble.connectString,
      'high-availability.zookeeper.path.root': ROOT,
      'high-availability.cluster-id': `/${CLUSTER}`,
      'high-availability.storageDir': `file://${this.#folder}`,
      'high-availability.zookeeper.client.session-timeout': `${this.sessionTimeoutMs} ms`,
      'high-availability.zookeeper.client.connection-timeout': '2 s',
      'high-availability.zookeeper.client.retry-wait': '200 ms',
    }
  }

  /** Address of the RPC service that leads, as its contenders and followers are told; undefined: nobody. */
  async leader(): Promise<string | undefined> {
    try {
      const { data } = await this.#client.getData(
        `${ROOT}/${CLUSTER}/leader/dispatcher/connection_info`,
      )
      const { address, epoch } = JSON.parse(Buffer.from(data).toString())
      this.#terms.add(String(epoch))
      return address
    } catch (error) {
      if (error instanceof ZooKeeperError && error.reason === 'no-node') return undefined
      throw error
    }
  }

  /** Addresses of the JobManagers that lead or would, in their order. */
  async contenders(): Promise<string[]> {
    const latch = `${ROOT}/${CLUSTER}/leader/latch`
    const { children } = await this.#client.getChildren(latch)
    const inOrder = [...children].sort((a, b) => (a.slice(-10) < b.slice(-10) ? -1 : 1))
    return Promise.all(
      inOrder.map(async (name) =>
        Buffer.from((await this.#client.getData(`${latch}/${name}`)).data).toString(),
      ),
    )
  }

  /** What is there beyond what a cluster without jobs has. */
  async leftoversOfJobs(): Promise<string[]> {
    const cluster = `${ROOT}/${CLUSTER}`
    const nodes = await this.#below(cluster)
    return [...nodes.filter((path) => !STANDING.test(path.slice(cluster.length))), ...this.#files()]
  }

  /** All that is there. */
  async leftoversOfCluster(): Promise<string[]> {
    return [...(await this.#below(ROOT)), ...this.#files()]
  }

  /** Removes all nodes of these names, wherever they are. @throws Error if one of them is not there */
  async forget(names: readonly string[]): Promise<void> {
    const nodes = await this.#below(ROOT)
    for (const name of names) {
      const found = nodes.filter((path) => path.endsWith(`/${name}`))
      if (found.length === 0) throw new Error(`no node is called ${name}: ${nodes.join(', ')}`)
      for (const path of found) await this.#client.removeRecursive(path)
    }
  }

  /** How many have led so far, at the least. */
  get leaders(): number {
    return this.#terms.size
  }

  #files(): string[] {
    return [...partFiles(this.#folder, 'visible'), ...partFiles(this.#folder, 'hidden')]
  }

  async close(): Promise<void> {
    clearInterval(this.#watching)
    await this.#client.close()
    await this.ensemble.close()
  }

  /** A node and all below it. */
  async #below(path: string): Promise<string[]> {
    try {
      const { children } = await this.#client.getChildren(path)
      const below = await Promise.all(children.map((name) => this.#below(`${path}/${name}`)))
      return [path, ...below.flat()]
    } catch (error) {
      if (error instanceof ZooKeeperError && error.reason === 'no-node') return []
      throw error
    }
  }
}
