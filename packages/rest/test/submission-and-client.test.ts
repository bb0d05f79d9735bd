import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { FlinkError, SystemClock } from '@flink-ts/core'
import { RestClientError, RestClusterClient, RestConnectionError } from '@flink-ts/rest/client'
import t from 'tap'
import { startServer } from './start-server.js'
import { JOB_ID } from './testing-gateways.js'

t.test('POST /jobs stores the program and submits the graph with its key', async (t) => {
  const stored: string[] = []
  const submitted: unknown[] = []
  const { client, uploadFolder } = await startServer(t, {
    storeProgram: async (bytes) => {
      stored.push(`${Buffer.from(bytes)}`)
      return { key: 'e'.repeat(64), release: async () => void stored.push('released') }
    },
    dispatcher: {
      submitJob: ({ jobGraph }: { jobGraph: Uint8Array }) => {
        submitted.push(JSON.parse(Buffer.from(jobGraph).toString()))
        stored.push('submitted')
        return {}
      },
    },
  })

  await client.submitJob(
    JSON.stringify({ jobId: JOB_ID, program: { programName: 'p.ts' } }),
    Buffer.from('the bundle'),
  )

  t.strictSame(stored, ['the bundle', 'submitted', 'released'])
  t.strictSame(submitted, [
    { jobId: JOB_ID, program: { programName: 'p.ts', bundleKey: 'e'.repeat(64) } },
  ])
  t.strictSame(readdirSync(uploadFolder), [], 'uploads are removed')
})

t.test('POST /jobs lets go of a program whose job was refused', async (t) => {
  let released = 0
  const { client } = await startServer(t, {
    storeProgram: async () => ({ key: 'e'.repeat(64), release: async () => void released++ }),
    dispatcher: {
      submitJob: () => {
        throw new FlinkError('has already been submitted', { code: 'FLINK_INVALID_JOB_GRAPH' })
      },
    },
  })
  const graph = JSON.stringify({ jobId: JOB_ID, program: { programName: 'p.ts' } })

  await t.rejects(client.submitJob(graph, Buffer.from('x')), {
    statusCode: 400,
    message: /already/,
  })
  t.equal(released, 1)
})

t.test('POST /jobs answers 413 to a program that is larger than BLOBs may be', async (t) => {
  const { client } = await startServer(t, {
    storeProgram: () =>
      Promise.reject(new FlinkError('more than a blob may have', { code: 'FLINK_BLOB_TOO_LARGE' })),
  })
  const graph = JSON.stringify({ jobId: JOB_ID, program: { programName: 'p.ts' } })
  await t.rejects(client.submitJob(graph, Buffer.from('x')), { statusCode: 413, message: /413/ })
})

t.test('POST /jobs answers 503 while nobody can keep programs', async (t) => {
  const { client } = await startServer(t, { storeProgram: () => undefined })
  const graph = JSON.stringify({ jobId: JOB_ID, program: { programName: 'p.ts' } })

  await t.rejects(client.submitJob(graph, Buffer.from('x')), {
    statusCode: 503,
    message: /temporarily unavailable/,
  })
})

t.test('POST /jobs refuses what is no submission and leaves nothing behind', async (t) => {
  const { client, raw, uploadFolder } = await startServer(t)
  const json = { 'Content-Type': 'application/json' }

  await t.rejects(client.submitJob('no json', undefined), {
    statusCode: 400,
    message: /is not JSON/,
  })
  await t.rejects(client.submitJob('{"jobId":"x"}', undefined), { statusCode: 400, message: /32/ })
  t.equal((await raw('/jobs', { method: 'POST', headers: json, body: '{}' })).status, 400)
  t.equal((await raw('/jobs', { method: 'POST', headers: json, body: '{nope' })).status, 400)
  const garbage = { 'Content-Type': 'multipart/form-data; boundary=x' }
  t.equal((await raw('/jobs', { method: 'POST', headers: garbage, body: 'garbage' })).status, 400)
  t.strictSame(readdirSync(uploadFolder), [])
})

t.test('executionResult is undefined until the job has ended', async (t) => {
  let calls = 0
  const { client } = await startServer(t, {
    dispatcher: {
      requestJobResult: () => {
        calls++
        if (calls < 2) return {}
        return {
          result: {
            jobId: JOB_ID,
            name: 'a job',
            status: 'FAILED',
            startTimeMs: 10,
            endTimeMs: 30,
            failureCause: { name: 'JobException', message: 'Recovery is suppressed' },
            accumulators: [],
          },
        }
      },
    },
  })

  t.equal(await client.executionResult(JOB_ID), undefined)
  const result = await client.executionResult(JOB_ID)

  t.match(result, {
    'application-status': 'FAILED',
    'net-runtime': 20,
    'failure-cause': { class: 'JobException' },
  })
})

t.test('the client says that nobody listens, or that who answers is no Flink', async (t) => {
  const stranger = createServer((_request, response) => response.end('hi'))
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const { port } = stranger.address() as { port: number }
  const client = new RestClusterClient({ address: `127.0.0.1:${port}`, clock: new SystemClock() })

  await t.rejects(client.listJobs(), { message: /is no Flink REST endpoint/ })
  stranger.closeAllConnections()
  await new Promise((resolve) => stranger.close(resolve))
  const error = await client.listJobs().catch((cause: unknown) => cause)
  t.ok(error instanceof RestConnectionError)
  t.notOk(error instanceof RestClientError)
  t.match((error as Error).message, /connection refused: no JobManager listens there/)
})

t.test('the client says in one line that a port is another one than that of REST', async (t) => {
  for (const answer of ['', 'no HTTP at all\n']) {
    const stranger = createNetServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(answer))
    })
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const { port } = stranger.address() as { port: number }
    const client = new RestClusterClient({ address: `127.0.0.1:${port}`, clock: new SystemClock() })
    const error = (await client.listJobs().catch((cause: unknown) => cause)) as Error
    t.match(error.message, /: what listens there .* port is not that of REST \(rest\.port\)$/)
    t.equal(error.cause, undefined)
    await new Promise((resolve) => stranger.close(resolve))
  }
})
