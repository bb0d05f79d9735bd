import { runDaemon } from '../daemon/run-daemon.js'
import { taskManager } from '../taskmanager/task-manager.js'

await runDaemon(taskManager)
