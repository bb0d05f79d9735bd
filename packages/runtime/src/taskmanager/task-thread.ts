import { parentPort, workerData } from 'node:worker_threads'
import { runTaskInThread, type TaskInThread } from './run-task-in-thread.js'
import type {
  TaskThreadCommand,
  TaskThreadReport,
  TaskThreadSetup,
} from './task-thread-messages.js'

const port = parentPort!
const preloaded = preload((workerData as TaskThreadSetup).preload)
let task: TaskInThread | undefined

port.on('message', (command: TaskThreadCommand) => {
  if (command.type === 'start') task = runTaskInThread(command.data, port, preloaded)
  else task!.handle(command)
})

async function preload(urls: readonly string[]): Promise<void> {
  // What fails here fails again, and is told, where a program imports it.
  await Promise.allSettled(urls.map((url) => import(url)))
  if (urls.length > 0) port.postMessage({ type: 'preloaded' } satisfies TaskThreadReport)
}
