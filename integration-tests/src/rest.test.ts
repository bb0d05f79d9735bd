import { request } from 'node:http'
import t from 'tap'
import { isAlive } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const cluster = await TestCluster.start(t)
const jobManagerPid = cluster.jobManagerPid

function call(method: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: cluster.restPort, method, path, headers }
    const sent = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        const body: unknown = text === '' ? undefined : JSON.parse(text)
        resolve({ status: response.statusCode!, body })
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

t.test('REST tells of the cluster and of a job, below / and /v1', async (t) => {
  const jobId = await cluster.submit(program('one-two-three.ts'))
  await cluster.untilStatus(jobId, 'FINISHED')
  await until('its slot is free', async () => {
    return (await cluster.rest.clusterOverview())['slots-available'] === 4
  })
  for (const prefix of ['', '/v1']) {
    const get = async (path: string) => (await call('GET', `${prefix}${path}`)).body
    t.match(await get('/overview'), {
      taskmanagers: 2,
      'slots-total': 4,
      'slots-available': 4,
      'jobs-finished': 1,
    })
    t.match(await get('/config'), { 'flink-version': String })
    t.match(await get('/jobs'), { jobs: [{ id: jobId, status: 'FINISHED' }] })
    t.match(await get('/jobs/overview'), { jobs: [{ jid: jobId, name: 'one, two, three' }] })
    t.match(await get(`/jobs/${jobId}`), { jid: jobId, state: 'FINISHED', vertices: [{}] })
    t.match(await get(`/jobs/${jobId}/plan`), { plan: { nodes: [{}] } })
    t.match(await get(`/jobs/${jobId}/exceptions`), { exceptionHistory: { entries: [] } })
    t.match(await get(`/jobs/${jobId}/execution-result`), {
      status: { id: 'COMPLETED' },
      'job-execution-result': { id: jobId, 'application-status': 'SUCCEEDED' },
    })
    const entries = (await get('/jobmanager/config')) as { key: string; value: string }[]
    t.equal(entries.find(({ key }) => key === 'rest.port')?.value, String(cluster.restPort))
    const { taskmanagers } = (await get('/taskmanagers')) as { taskmanagers: { id: string }[] }
    t.equal(taskmanagers.length, 2)
    const [{ id }] = taskmanagers as [{ id: string }]
    t.match(await get(`/taskmanagers/${encodeURIComponent(id)}`), { id, slotsNumber: 2 })
  }
  t.match(await call('GET', `/jobs/${'0'.repeat(32)}`), { status: 404, body: { errors: [String] } })
  t.match(await call('GET', '/no/such/path'), {
    status: 404,
    body: { errors: ['Unable to load requested file /no/such/path.'] },
  })
})

t.test('REST refuses foreign hosts and origins: it runs code', async (t) => {
  const own = `localhost:${cluster.restPort}`
  const refused: Record<string, string>[] = [
    { host: 'evil.example' },
    { host: `evil.example:${cluster.restPort}` },
    { host: own, origin: 'http://evil.example' },
    { host: own, origin: 'null' },
    { host: own, 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of refused) {
    for (const [method, path] of [
      ['GET', '/overview'],
      ['POST', '/jobs'],
      ['DELETE', '/cluster'],
    ] as const) {
      const { status, body } = await call(method, path, headers)
      t.equal(status, 403, `${method} ${path} ${JSON.stringify(headers)}`)
      t.match(body, { errors: [String] })
    }
  }
  t.equal(isAlive(jobManagerPid), true)
  for (const headers of [{ host: own }, { host: own, origin: `http://${own}` }]) {
    t.match(await call('GET', '/overview', headers), { status: 200 })
  }
})

t.test('REST listens on the loopback device alone', async (t) => {
  const { networkInterfaces } = await import('node:os')
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)
  if (outside === undefined) {
    t.pass('this machine has no other device')
    return
  }
  const url = `http://${outside.address}:${cluster.restPort}/overview`
  await t.rejects(fetch(url), { cause: { code: 'ECONNREFUSED' } })
})

t.test('DELETE /cluster ends the JobManager in good order', async (t) => {
  const { status } = await call('DELETE', '/cluster')
  t.equal(status, 200)
  await until('the JobManager has ended', () => !isAlive(jobManagerPid))
  t.match(cluster.logs('standalonesession', 'log'), /JobManager has shut down exitCode=0/)
})
