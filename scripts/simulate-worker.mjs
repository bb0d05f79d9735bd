// Runs scenarios in a thread of `npm run simulate`: a task is `{ scenario, seed, mesosAgents }`, the answer its outcome.
import { parentPort, workerData } from 'node:worker_threads'

const { runScenario, SCENARIOS } = await import(workerData.library)
const byName = new Map(SCENARIOS.map((scenario) => [scenario.name, scenario]))

parentPort.on('message', async ({ scenario, ...options }) => {
  const { error, ...outcome } = await runScenario(byName.get(scenario), options)
  const message = error === undefined ? undefined : String(error?.message ?? error)
  parentPort.postMessage({ ...outcome, message })
})
parentPort.postMessage('ready')
