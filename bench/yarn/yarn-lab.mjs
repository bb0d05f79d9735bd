import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { now, sleep } from '../measure/processes.mjs'

const HADOOP_VERSION = '3.4.3'
const PATIENCE_S = 120
const GROUP = 'org.apache.hadoop'

/** A real Hadoop of the integration tests, to which applications of ours and of Apache Flink are submitted. */
export class YarnLab {
  #hadoop
  #scratch
  #tests

  /** @param root of the repository, built with its tests */
  static async start({ root, scratch, options = {} }) {
    const tests = (path) =>
      import(pathToFileURL(join(root, 'integration-tests', 'dist-test', path)).href)
    const { installHadoop } = await tests('clusters/hadoop-jars.js')
    const { startHadoop } = await tests('clusters/hadoop.js')
    installHadoop()
    return new YarnLab(await startHadoop(options), scratch, tests)
  }

  constructor(hadoop, scratch, tests) {
    this.#hadoop = hadoop
    this.#scratch = scratch
    this.#tests = tests
  }

  get hadoop() {
    return this.#hadoop
  }

  stop() {
    return this.#hadoop.stop()
  }

  /** Copies a folder into HDFS, where everybody may read it. */
  async upload(folder, target) {
    const { fileSystemsOf } = await this.#tests('support/remote-file-system.js')
    const url = `${this.#hadoop.defaultFs}${target}`
    const { nameNodeHttp } = this.#hadoop.addresses
    const fileSystem = fileSystemsOf({ 'webhdfs.namenodes': nameNodeHttp }).forPath(url)
    for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue
      const path = join(name.parentPath ?? name.path, name.name)
      const stream = await fileSystem.create(`${url}${path.slice(folder.length)}`, 'overwrite')
      await stream.write(readFileSync(path))
      await stream.close()
    }
    return url
  }

  /**
   * What Flink's scripts need: its client's jars of YARN, and a configuration that names them to its containers.
   *
   * @returns environment variables
   */
  async environmentOfApacheFlink() {
    const { clusterFolder } = await this.#tests('clusters/cluster-folder.js')
    const { fetchJars } = await this.#tests('clusters/maven-jars.js')
    const jars = clusterFolder(`hadoop-client-${HADOOP_VERSION}`)
    if (!existsSync(jars)) {
      const names = ['hadoop-common', 'hadoop-hdfs-client', 'hadoop-yarn-client']
      fetchJars(
        jars,
        names.map((name) => [GROUP, name, HADOOP_VERSION]),
      )
    }
    const conf = join(this.#scratch, 'hadoop-conf-of-flink')
    cpSync(this.#hadoop.confDir, conf, { recursive: true })
    const site = join(conf, 'yarn-site.xml')
    const classPath = `<property><name>yarn.application.classpath</name><value>${conf},${jars}/*</value></property>`
    const text = readFileSync(site, 'utf8').replace(
      '</configuration>',
      `${classPath}</configuration>`,
    )
    writeFileSync(site, text)
    return { HADOOP_CONF_DIR: conf, HADOOP_CLASSPATH: `${jars}/*` }
  }

  /** Applications by REST, newest first. */
  async applications() {
    const http = this.#hadoop.addresses.resourceManagerHttp
    const { apps } = await (await fetch(`http://${http}/ws/v1/cluster/apps`)).json()
    return (apps?.app ?? []).sort((a, b) => b.startedTime - a.startedTime)
  }

  async ended(applicationId) {
    const begin = now()
    for (;;) {
      const { state, finalStatus, diagnostics } = (await this.applications()).find(
        ({ id }) => id === applicationId,
      )
      if (['FINISHED', 'FAILED', 'KILLED'].includes(state)) {
        if (finalStatus === 'SUCCEEDED') return
        throw new Error(`${applicationId} ended as ${state}, ${finalStatus}: ${diagnostics}`)
      }
      if (now() - begin > PATIENCE_S) throw new Error(`${applicationId} has not ended: ${state}`)
      await sleep(50)
    }
  }

  /** Text of the daemons' logs and of those in the application's containers. */
  logs(applicationId, { master, worker }) {
    const { resourceManager, nodeManagers } = this.#hadoop
    return {
      resourceManager: resourceManager.log(),
      nodeManagers: nodeManagers.map((each) => each.log()).join('\n'),
      master: this.#containerLog(applicationId, master),
      worker: this.#containerLog(applicationId, worker),
      launches: this.#launches(applicationId),
    }
  }

  /** When the scripts of its containers came to their commands, in ms since 1970: the last that each says is that. */
  #launches(applicationId) {
    const launches = {}
    for (const { logsFolder } of this.#hadoop.nodeManagers) {
      const folder = join(logsFolder, applicationId)
      if (!existsSync(folder)) continue
      for (const container of readdirSync(folder)) {
        launches[container] = statSync(join(folder, container, 'prelaunch.out')).mtimeMs
      }
    }
    return launches
  }

  #containerLog(applicationId, name) {
    const texts = []
    for (const { logsFolder } of this.#hadoop.nodeManagers) {
      const folder = join(logsFolder, applicationId)
      if (!existsSync(folder)) continue
      for (const file of readdirSync(folder, { recursive: true })) {
        if (name.test(file)) texts.push(readFileSync(join(folder, file), 'utf8'))
      }
    }
    return texts.join('\n')
  }
}

/** A system's configuration folder for clients, and commands of its scripts. */
export class YarnClient {
  #home
  #folder
  #environment

  constructor(system, { scratch, configuration, environment }) {
    this.system = system
    this.#home = system.home
    this.#folder = join(scratch, `${system.name}-client`)
    const folder = (name) => join(this.#folder, name)
    for (const name of ['conf', 'log', 'tmp']) mkdirSync(folder(name), { recursive: true })
    system.prepareConfigurationFolder?.(folder('conf'))
    const { file, text } = system.configurationFile(configuration)
    writeFileSync(join(folder('conf'), file), text)
    const { FLINK_HOME: _, ...outer } = process.env
    this.#environment = {
      ...outer,
      FLINK_CONF_DIR: folder('conf'),
      FLINK_LOG_DIR: folder('log'),
      ...environment,
    }
  }

  /** @returns when the command began, in ms since 1970, the seconds that it took, and its output */
  flink(words) {
    const begin = Date.now()
    return new Promise((resolve, reject) => {
      const child = spawn(join(this.#home, 'bin', 'flink'), words, {
        env: this.#environment,
        cwd: this.#folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          output += text
        })
      }
      child.on('error', reject)
      child.on('close', (code) => {
        const seconds = (Date.now() - begin) / 1000
        if (code === 0) resolve({ begin, seconds, output })
        else reject(new Error(`flink ${words.join(' ')} ended with ${code}\n${output}`))
      })
    })
  }
}
