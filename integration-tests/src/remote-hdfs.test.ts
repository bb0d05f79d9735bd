import t from 'tap'
import { hadoopMissing } from './clusters/hadoop-jars.js'
import { startHdfs } from './clusters/hdfs.js'
import {
  fileSystemsOf,
  testCheckpoints,
  testFileSystem,
  testProcesses,
} from './support/remote-file-system.js'

t.setTimeout(600_000)

t.test('hdfs: a real cluster', { skip: hadoopMissing() ?? false }, async (t) => {
  const hdfs = await startHdfs()
  t.teardown(() => hdfs.stop())
  // The first one is not there: the second is found.
  const configuration = { 'webhdfs.namenodes': `127.0.0.1:1;${hdfs.httpAddress}` }
  const fileSystems = fileSystemsOf(configuration)
  const base = `hdfs://${hdfs.rpcAddress}/base`
  await testFileSystem(t, fileSystems, { base, hasEmptyFolders: true, canKeep: true })
  await testCheckpoints(t, fileSystems, `${base}/job`)

  await t.test('paths of webhdfs:// name the address themselves', async (t) => {
    const own = fileSystemsOf({})
    const path = `webhdfs://${hdfs.httpAddress}/base`
    const [first] = await own.forPath(path).list(path)
    t.ok(first?.path.startsWith(`${path}/`))
  })

  await t.test('real processes read and write files there', (t) =>
    testProcesses(t, configuration, `hdfs://${hdfs.rpcAddress}/processes`),
  )
})
