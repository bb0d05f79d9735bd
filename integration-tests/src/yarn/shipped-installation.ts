import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Hadoop } from '../clusters/hadoop.js'
import { assemble, succeeded, temporaryFolder } from '../support/installation.js'
import { program } from '../support/test-cluster.js'
import { YarnPlace } from '../support/yarn-place.js'
import { yarnTest } from './observations.js'

/** Nothing is on the nodes: Node.js and an assembled installation go through HDFS, once. */
export async function testShippedInstallation(t: Test, hadoop: Hadoop): Promise<void> {
  const home = join(temporaryFolder(t), 'flink-ts')
  succeeded(t, await assemble(home), 'npm run dist')
  const place = new YarnPlace(t, hadoop, {}, home)
  await yarnTest(t, place, 'Node.js and the installation are shipped, once', async (t) => {
    for (const uploads of [2, 0]) {
      const run = await place.flink(
        ...['run', '-d', '-t', 'yarn-per-job', program('application.ts'), '--mode', 'gathers'],
      )
      t.equal(run.code, 0, run.stderr)
      const lines = (run.stdout + run.stderr).match(/Uploaded (Node\.js|the installation)/g) ?? []
      t.equal(lines.length, uploads, run.stdout)
      const id = (await place.yarn.applications()).at(-1)!.id
      t.match(await place.untilEnded(id), { finalStatus: 'SUCCEEDED' })
      const workers = [...place.logs(id)].filter(([name]) => name.endsWith('/taskmanager.log'))
      t.ok(workers.length > 0, 'it ran in containers')
    }
    const { XDG_CACHE_HOME: cache } = place.environment
    t.ok(existsSync(join(cache!, 'flink-ts', 'digests-1.json')), 'the client knows them now')
  })
}
