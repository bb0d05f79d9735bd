import { runDaemon } from '../daemon/run-daemon.js'

/** JobManager of a session cluster whose TaskManagers somebody else starts. */
await runDaemon({
  kind: 'jobmanager',
  name: 'JobManager',
  fatalExitCode: 2,
  // Loaded when the configuration has turned out to be usable.
  start: async (context) =>
    (await import('../jobmanager/standalone-session.js')).startStandaloneSession(context),
})
