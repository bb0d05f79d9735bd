import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeZooKeeperClient } from '@flink-ts/zookeeper-client'
import t from 'tap'
import { zooKeeperHome, zookeeperMissing } from './clusters/zookeeper.js'
import { freePorts } from './support/free-port.js'
import { command, REPOSITORY } from './support/installation.js'
import { startZooKeeperClient } from './support/open-zookeeper-client.js'
import { until } from './support/until.js'

t.setTimeout(300_000)

t.test('scripts of ZooKeeper', { skip: zookeeperMissing() ?? false }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-zookeeper-scripts-'))
  const conf = join(folder, 'conf')
  cpSync(join(REPOSITORY, 'conf'), conf, { recursive: true })
  const [port] = await freePorts(1)
  const cfg = [
    'tickTime=200',
    `dataDir=${join(folder, 'data')}`,
    'clientPortAddress=127.0.0.1',
    `clientPort=${port}`,
    'admin.enableServer=false',
    'server.7=localhost:2888:3888',
  ]
  writeFileSync(join(conf, 'zoo.cfg'), cfg.join('\n'))
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    FLINK_CONF_DIR: conf,
    FLINK_LOG_DIR: join(folder, 'log'),
    FLINK_PID_DIR: join(folder, 'pids'),
    SERVER_JVMFLAGS: '-Xmx128m -XX:TieredStopAtLevel=1 -Dzookeeper.forceSync=no',
    ZOOKEEPER_HOME: zooKeeperHome(),
  }
  const script = (name: string, words: readonly string[] = [], own = environment) =>
    command(join(REPOSITORY, 'bin', name), words, own)
  t.teardown(async () => {
    await script('zookeeper.sh', ['stop-all'])
    rmSync(folder, { recursive: true, force: true })
  })
  /** Writes or reads a node. */
  const withClient = async <T>(action: (client: NodeZooKeeperClient) => Promise<T>): Promise<T> => {
    const client = startZooKeeperClient(`127.0.0.1:${port}`, { sessionTimeoutMs: 4_000 })
    try {
      return await action(client)
    } finally {
      await client.close()
    }
  }

  await t.test('a quorum starts, keeps its data over a restart, and stops', async (t) => {
    const started = await script('start-zookeeper-quorum.sh')
    t.match(started, { code: 0, stdout: /Starting zookeeper daemon on host/ })
    await withClient((client) => client.create('/kept', Buffer.from('x')))
    t.match(await script('stop-zookeeper-quorum.sh'), { code: 0, stdout: /Stopping zookeeper/ })
    t.match(await script('zookeeper.sh', ['start', '7']), { code: 0 })
    t.ok(await withClient((client) => client.exists('/kept')))
    t.match(await script('zookeeper.sh', ['stop']), { code: 0, stdout: /Stopping zookeeper/ })
    t.match(await script('zookeeper.sh', ['stop']), {
      code: 0,
      stdout: /No zookeeper daemon to stop/,
    })
  })

  await t.test('in the foreground it ends with its signal', async (t) => {
    const child = spawn(join(REPOSITORY, 'bin', 'zookeeper.sh'), ['start-foreground', '7'], {
      env: environment,
      stdio: 'ignore',
    })
    const ended = once(child, 'exit')
    await until('an answer', () => withClient((client) => client.exists('/kept')))
    child.kill('SIGTERM')
    t.same(await ended, [143, null])
  })

  await t.test('what is missing is said', async (t) => {
    const { ZOOKEEPER_HOME: _, ...without } = environment
    t.match(await script('zookeeper.sh', ['start', '7'], without), {
      code: 1,
      stderr: /^ZOOKEEPER_HOME is not set/,
    })
    t.match(await script('start-zookeeper-quorum.sh', [], without), { code: 1 })
    t.match(await script('zookeeper.sh', ['start', '7'], { ...environment, JAVA_HOME: folder }), {
      code: 1,
      stderr: /which ZooKeeper needs/,
    })
    t.match(await script('zookeeper.sh', ['start']), { code: 1, stderr: /Which server is it\?/ })
    t.match(await script('zookeeper.sh', ['start', '1']), { code: 1, stderr: /there are 7/ })
    t.match(await script('zookeeper.sh'), { code: 1, stdout: /Usage: zookeeper.sh/ })
    writeFileSync(join(conf, 'zoo.cfg'), [...cfg, 'nonsense'].join('\n'))
    t.match(await script('zookeeper.sh', ['start', '7']), {
      code: 1,
      stderr: /zoo\.cfg, line 7: 'nonsense' is no property/,
    })
    writeFileSync(join(conf, 'zoo.cfg'), cfg.join('\n').replace('tickTime=200', 'tickTime=x'))
    t.match(await script('zookeeper.sh', ['start', '7']), {
      code: 1,
      stderr: /Could not start zookeeper/,
    })
  })
})
