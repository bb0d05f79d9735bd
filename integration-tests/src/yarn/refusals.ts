import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { isAlive } from '../support/processes.js'
import { checkRefused } from '../support/refusal.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { until } from '../support/until.js'
import type { YarnPlace } from '../support/yarn-place.js'
import { yarnTest } from './observations.js'

/** What cannot be deployed is told on one screen, and leaves nothing. */
export async function testRefusals(t: Test, place: YarnPlace): Promise<void> {
  const { hadoop, yarn } = place
  const test = (name: string, body: (t: Test) => Promise<void>) => yarnTest(t, place, name, body)

  /** Deploys a job, which must fail with such words. */
  const refused = async (
    t: Test,
    what: string,
    words: RegExp[],
    options: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ) => {
    const args = ['run', '-t', 'yarn-per-job', '-d', ...options, ...ENDLESS]
    const command = place.command('flink', args, { environment })
    checkRefused(t, what, words, await command.result())
    t.strictSame(await place.stagingFolders(), [], `${what}: no folder is left`)
    t.strictSame(await yarn.running(), [], `${what}: no application is left`)
  }

  /** The same where nobody can look what is left there. */
  const refusedWithoutHdfs = async (t: Test, what: string, reason: RegExp) => {
    const words = ['run', '-t', 'yarn-per-job', '-d', ...ENDLESS]
    checkRefused(t, what, [reason], await place.flink(...words))
    t.strictSame(await yarn.running(), [], `${what}: no application is left`)
  }

  await test('what YARN cannot give', async (t) => {
    await refused(t, 'unknown queue', [/nowhere/, /default/], ['-Dyarn.application.queue=nowhere'])
    await refused(
      t,
      'JobManager too large',
      [/8192/, /4096/],
      ['-Djobmanager.memory.process.size=8g'],
    )
    await refused(
      t,
      'TaskManager too large',
      [/9216/, /4096/],
      ['-Dtaskmanager.memory.process.size=9g'],
    )
    await refused(t, 'too many cores', [/\b99\b/, /\b8\b/], ['-Dyarn.containers.vcores=99'])
    await refused(
      t,
      'no ResourceManager',
      [/127\.0\.0\.1:1\b/],
      ['-Dyarn.resourcemanager.webapp.address=127.0.0.1:1'],
    )
    await refused(
      t,
      'no such node',
      [/\/nowhere\/node/],
      ['-Dyarn.flink-ts.node-path=/nowhere/node'],
    )
    await refused(t, 'Kerberos', [/Kerberos/i], ['-Dsecurity.kerberos.login.principal=me@REALM'])
    const hadoopConfDir = join(place.folder, 'empty')
    mkdirSync(hadoopConfDir)
    const environment = { HADOOP_CONF_DIR: hadoopConfDir }
    await refused(t, 'no addresses', [/yarn\.resourcemanager/], [], environment)
    const damaged = '<configuration><property><name>x'
    writeFileSync(join(hadoopConfDir, 'yarn-site.xml'), damaged)
    await refused(t, 'a damaged file', [/yarn-site\.xml/], [], environment)
  })

  await test('an HDFS that takes no files', async (t) => {
    const user = `${hadoop.defaultFs}/user/${place.user}`
    await place.fileSystem.mkdirs(`${user}/.flink-ts`)
    const setQuota = async (count: number) => {
      const path = `/webhdfs/v1/user/${place.user}/.flink-ts?op=SETQUOTA&namespacequota=${count}&user.name=${place.user}`
      const response = await fetch(`http://${hadoop.addresses.nameNodeHttp}${path}`, {
        method: 'PUT',
      })
      t.ok(response.ok, await response.text())
    }
    const files = await place.fileSystem.list(`${user}/.flink-ts`)
    await setQuota(files.length + 3)
    await refused(t, 'full quota', [/quota/i], [])
    // Unlimited, in Hadoop's words.
    await setQuota(-1)

    await hadoop.dataNode.kill()
    await hadoop.nameNode.launch()
    await until('the NameNode waits for blocks', async () => {
      return /"FSState"\s*:\s*"safeMode"/.test(
        await (
          await fetch(
            `http://${hadoop.addresses.nameNodeHttp}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`,
          )
        ).text(),
      )
    })
    await refusedWithoutHdfs(t, 'safe mode', /safe mode/i)
    await hadoop.nameNode.kill()
    await refusedWithoutHdfs(t, 'no NameNode', new RegExp(hadoop.addresses.nameNodeHttp))
    await Promise.all([hadoop.dataNode.launch(), hadoop.nameNode.restart()])
  })

  await test('a cluster that is full: the client waits, and can be told to give up', async (t) => {
    const session = (...words: string[]) =>
      place.command('yarn-session.sh', ['-jm', '3000m', ...words], { hasInput: true })
    const clients = [session(), session(), session()]
    const ids = await Promise.all(clients.map((each) => place.untilApplication(each)))
    await until('two run', async () => {
      const states = await Promise.all(ids.map((id) => yarn.application(id)))
      return states.filter(({ state }) => state === 'RUNNING').length === 2
    })
    for (const client of clients) client.kill('SIGINT')
    await Promise.all(clients.map((client) => client.result()))
    t.notOk(clients.some(({ pid }) => isAlive(pid)))
    for (const id of ids) await place.untilEnded(id)
  })
}
