import { runDaemon } from '../daemon/run-daemon.js'
import { removePreparedJob } from '../jobmanager/prepared-job.js'

process.once('exit', () => removePreparedJob(process.argv))

/** JobManager of a cluster for one job. */
await runDaemon({
  kind: 'jobmanager',
  name: 'JobManager',
  fatalExitCode: 2,
  ownOptions: ['--job-graph', '--bundle', '--prepared', '--execution-mode', '--result-patience'],
  // Loaded when the configuration has turned out to be usable.
  start: async (context) => (await import('../jobmanager/job-cluster.js')).startJobCluster(context),
})
