/*
 * Entry of a TaskManager's network thread: data sockets and credits, apart from the main thread, so that
 * neither user code nor control messages hold the data up.
 */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { FlinkError, type LogFields, type Logger, type LogLevel, SystemClock } from '@flink-ts/core'
import { attachTransportSecurity } from '@flink-ts/core/security'
import { NetworkContext } from '../environment/network-context.js'
import { tcpDataTransport } from '../transport/tcp-data-transport.js'
import { InlineNetworkIo } from './inline-network-io.js'
import type {
  NetworkThreadCommand,
  NetworkThreadData,
  NetworkThreadReport,
} from './network-thread-messages.js'

const port = parentPort
assert(port !== null, 'network-thread runs in a worker thread')
const data = workerData as NetworkThreadData

function report(message: NetworkThreadReport): void {
  port?.postMessage(message)
}

function portLogger(bound: LogFields): Logger {
  const write = (level: LogLevel) => (message: string, fields?: LogFields) =>
    report({ type: 'log', level, message, fields: { ...bound, ...fields } })
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    child: (fields) => portLogger({ ...bound, ...fields }),
  }
}

function execute(io: InlineNetworkIo, command: NetworkThreadCommand): void {
  const answer = (id: number, work: Promise<void>) =>
    void work.then(() => report({ type: 'done', id }))
  switch (command.type) {
    case 'registerPartition':
      io.registerPartition(command.partition)
      return
    case 'releasePartitions':
      answer(command.id, io.releasePartitions(command.partitionIds))
      return
    case 'openGate':
      io.openGate(command.gate)
      return
    case 'closeGate':
      answer(command.id, io.closeGate(command.gateId))
      return
    case 'failConnection':
      io.failConnection(command.resourceId, command.reason)
      return
    case 'close':
      answer(command.id, io.close())
      return
  }
}

const context = NetworkContext.attach(data.context)
const { bell, resourceId, partitionRequestTimeoutMs, bindHost } = data
const log = portLogger({})
const clock = new SystemClock()
const security = data.security && attachTransportSecurity(data.security)
const transport = tcpDataTransport({ security, name: `TaskManager ${resourceId}`, clock, log })
try {
  const io = await InlineNetworkIo.start(
    { context, bell, resourceId, partitionRequestTimeoutMs, clock, log },
    { transport, bindHost, port: data.port },
  )
  port.on('message', (command: NetworkThreadCommand) => execute(io, command))
  report({ type: 'started', dataPort: io.dataPort })
} catch (error) {
  const code = FlinkError.is(error) ? error.code : 'FLINK_DATA_PORT'
  report({ type: 'startFailed', message: (error as Error).message, code })
}
