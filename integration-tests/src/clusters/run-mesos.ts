import { startMesos } from './mesos.js'

// `node integration-tests/dist-test/clusters/run-mesos.js [resources of the agent]`: a Mesos to try things on, until Ctrl-C.
const [resources] = process.argv.slice(2)
const mesos = await startMesos({ agents: [resources === undefined ? {} : { resources }] })
console.log(`Master: ${mesos.address}  (state: http://${mesos.address}/state)`)
console.log(`Agent:  ${mesos.agents[0]?.address}, sandboxes in ${mesos.agents[0]?.workFolder}`)
console.log('Ctrl-C ends both, and all tasks.')
let isEnding = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isEnding) return
    isEnding = true
    void mesos.stop().then(() => process.exit(0))
  })
}
