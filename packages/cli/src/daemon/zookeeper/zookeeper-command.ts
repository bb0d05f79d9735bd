import { join } from 'node:path'
import { type Clock, type Configuration, EnvOptions, FlinkError } from '@flink-ts/core'
import type { Terminal } from '../../terminal/terminal.js'
import { DaemonControl } from '../daemon-control.js'
import type { DaemonLaunch } from '../daemon-process.js'
import type { DaemonSettings } from '../daemon-settings.js'
import { isLocalHost, runOverSsh } from '../remote-hosts.js'
import { readZooCfg, type ZooCfg } from './zoo-cfg.js'
import { prepareZooKeeperPeer } from './zookeeper-peer.js'

const USAGE = 'Usage: zookeeper.sh ((start|start-foreground) peer-id)|stop|stop-all'

export interface ZooKeeperCommandOptions {
  readonly settings: DaemonSettings
  readonly configuration: Configuration
  readonly terminal: Terminal
  readonly clock: Clock
  /** Folder of the scripts; the same on every host. */
  readonly binDir: string
  /** Runs it in place of this command; its exit code. */
  readonly foreground: (launch: DaemonLaunch) => Promise<number>
}

/** Starts and stops real ZooKeeper servers as `conf/zoo.cfg` has them. */
export class ZooKeeperCommand {
  readonly #options: ZooKeeperCommandOptions

  constructor(options: ZooKeeperCommandOptions) {
    this.#options = options
  }

  /** `zookeeper.sh`: the server of this machine. @returns the exit code */
  async peer(verb: string, words: readonly string[]): Promise<number> {
    const { settings, terminal } = this.#options
    switch (verb) {
      case 'start':
      case 'start-foreground': {
        const [id, unknown] = words
        if (id === undefined || !/^\d{1,3}$/.test(id) || unknown !== undefined) {
          terminal.err(
            `Which server is it? Write the number of its line server.N= in conf/zoo.cfg. ${USAGE}`,
          )
          return 1
        }
        const launch = prepareZooKeeperPeer(await this.#zooCfg(), Number(id), settings)
        if (verb === 'start-foreground') return this.#options.foreground(launch)
        return this.#control(launch).start([])
      }
      case 'stop':
        return this.#control().stop()
      case 'stop-all':
        return this.#control().stopAll()
      default:
        terminal.out(USAGE)
        return 1
    }
  }

  /**
   * `start-zookeeper-quorum.sh` and `stop-zookeeper-quorum.sh`: each server of zoo.cfg, on other hosts by ssh.
   *
   * @returns the exit code: 0 if all of them did it
   */
  async quorum(verb: 'start' | 'stop'): Promise<number> {
    const { file, peers } = await this.#zooCfg()
    if (peers.length === 0) {
      throw new FlinkError(
        `There is no line server.N=host:port:port in ${file}: expected one for each server`,
        { code: 'FLINK_ZOOKEEPER_PEER' },
      )
    }
    const codes = await Promise.all(
      peers.map(async ({ id, host }) => {
        if (isLocalHost(host)) return this.peer(verb, verb === 'start' ? [`${id}`] : [])
        return this.#overSsh(host, verb, id)
      }),
    )
    return codes.every((code) => code === 0) ? 0 : 1
  }

  async #overSsh(host: string, verb: 'start' | 'stop', id: number): Promise<number> {
    const { configuration, settings, binDir, terminal } = this.#options
    const words =
      settings.environment['FLINK_SSH_OPTS'] ?? configuration.get(EnvOptions.SSH_OPTS) ?? ''
    const code = await runOverSsh({
      host: host.replace(/^\[(.*)\]$/, '$1'),
      script: join(binDir, 'zookeeper.sh'),
      args: verb === 'start' ? [verb, `${id}`] : [verb],
      sshOptions: words.split(/\s+/).filter((word) => word !== ''),
    })
    if (code !== 0) {
      terminal.err(`Could not ${verb} ZooKeeper server ${id} on ${host}: ssh ended with ${code}`)
    }
    return code
  }

  #zooCfg(): Promise<ZooCfg> {
    return readZooCfg(join(this.#options.settings.configDir, 'zoo.cfg'))
  }

  #control(launch?: DaemonLaunch): DaemonControl {
    return new DaemonControl({
      daemon: 'zookeeper',
      ...this.#options,
      ...(launch === undefined ? {} : { launch: () => launch }),
    })
  }
}
