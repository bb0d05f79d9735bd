// Records the fixtures `application-master.json` and `refusals.json` with a real YARN; see test/fixtures/README.md.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, SeededRandom, SystemClock } from '@flink-ts/core'
import {
  connectTcpIpcSocket,
  type IpcSocketConnector,
  parseCredentials,
  tokenOfKind,
} from '@flink-ts/hadoop-rpc'
import { type RecordedConnection, recordingConnector } from './recorded-world.js'
import { runRefusals } from './refusals.js'
import { runScenario } from './scenario.js'

const [schedulerAddress, clientAddress, webAddress, tokenFile, restartCommand, folder] =
  process.argv.slice(2) as [string, string, string, string, string, string]
const tokens = readFileSync(tokenFile)
const token = tokenOfKind(parseCredentials(tokens), 'YARN_AM_RM_TOKEN')!
const clock = new SystemClock()

async function record(
  name: string,
  run: (world: { random: Random; connectSocket: IpcSocketConnector }) => Promise<unknown>,
) {
  const connections: RecordedConnection[] = []
  const connectSocket = recordingConnector(connectTcpIpcSocket, connections)
  console.log(await run({ random: new SeededRandom(1), connectSocket }))
  const addresses = { schedulerAddress, clientAddress, webAddress }
  const fixture = { addresses, tokens: tokens.toString('hex'), connections }
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(fixture, undefined, 1)}\n`)
}

const addresses = { schedulerAddress, clientAddress, webAddress }
await record('refusals', (world) => runRefusals(addresses, token, { clock, ...world }))
await record('application-master', (world) =>
  runScenario({
    schedulerAddress,
    token,
    clock,
    pause: (milliseconds) => sleep(milliseconds),
    restartResourceManager: async () => {
      execFileSync('bash', ['-c', restartCommand], { stdio: 'inherit' })
    },
    ...world,
  }),
)
