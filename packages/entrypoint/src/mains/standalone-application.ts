import { runDaemon } from '../daemon/run-daemon.js'

/** JobManager of an application cluster whose TaskManagers somebody else starts. */
await runDaemon({
  kind: 'jobmanager',
  name: 'JobManager',
  fatalExitCode: 2,
  ownOptions: ['--bundle', '--program-name', '--entry-point', '--job-id'],
  // Loaded when the configuration has turned out to be usable.
  start: async (context) =>
    (await import('../jobmanager/standalone-application.js')).startStandaloneApplication(context),
})
