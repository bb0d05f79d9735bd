import { runDaemon } from '../daemon/run-daemon.js'
import { standaloneSession } from '../jobmanager/standalone-session.js'

await runDaemon(standaloneSession)
