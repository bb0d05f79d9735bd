import { runDaemon } from '../daemon/run-daemon.js'

/** A TaskManager that finds its JobManager by configuration. */
await runDaemon({
  kind: 'taskmanager',
  name: 'TaskManager',
  fatalExitCode: 1,
  // Loaded when the configuration has turned out to be usable.
  start: async (context) =>
    (await import('../taskmanager/task-manager.js')).startTaskManager(context),
})
