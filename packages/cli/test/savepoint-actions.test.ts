import { ClientOptions, Configuration, FlinkError, serializeError } from '@flink-ts/core'
import t, { type Test } from 'tap'
import type { Action } from '../dist/actions/action.js'
import { cancelAction } from '../dist/actions/cancel.js'
import { checkpointAction } from '../dist/actions/checkpoint.js'
import { runAction } from '../dist/actions/run.js'
import { savepointAction, stopAction } from '../dist/actions/savepoint-actions.js'
import { savepointWords, setSavepoint } from '../dist/actions/savepoint-settings.js'
import { parseArguments } from '../dist/arguments/option-parser.js'
import { act } from './support/act.js'
import { type FakeRequest, startFakeRestServer } from './support/fake-rest-server.js'

const RUNNING_ID = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

const SAVEPOINT = '/s/savepoint-aaaaaa-0123456789ab'

/** Takes triggers, and says after the second question how the operation went. */
function operating(t: Test, operation: unknown = { location: SAVEPOINT, checkpointId: 7 }) {
  let polls = 0
  return startFakeRestServer(t, ({ method }) => {
    if (method === 'POST') return { status: 202, body: { 'request-id': 'e'.repeat(32) } }
    const body = { status: { id: 'COMPLETED' }, operation }
    return { body: polls++ % 2 === 0 ? { status: { id: 'IN_PROGRESS' }, operation: null } : body }
  })
}

const bodyOf = ({ body }: FakeRequest) => JSON.parse(body) as Record<string, unknown>

t.test('flink savepoint: begins one, waits for it, and says where it is', async (t) => {
  const { address, requests } = await operating(t)
  const words = ['-m', address, '-type', 'native', RUNNING_ID, 'to/here']
  const { code, out } = await act(savepointAction, words)
  t.equal(code, 0)
  t.strictSame(out, [
    `Triggering savepoint for job ${RUNNING_ID}.`,
    'Waiting for response...',
    `Savepoint completed. Path: ${SAVEPOINT}`,
    'You can resume your program from this savepoint with the run command.',
  ])
  t.match(requests[0], { method: 'POST', url: `/jobs/${RUNNING_ID}/savepoints` })
  t.match(bodyOf(requests[0]!), { 'target-directory': '/to/here', formatType: 'NATIVE' })
  t.match(requests.at(-1), { url: `/jobs/${RUNNING_ID}/savepoints/${'e'.repeat(32)}` })

  const detached = await act(savepointAction, ['-m', address, '-detached', RUNNING_ID])
  t.strictSame(detached.out, [
    `Triggering savepoint in detached mode for job ${RUNNING_ID}.`,
    `Successfully trigger manual savepoint, triggerId: ${'e'.repeat(32)}`,
  ])
  t.notOk('target-directory' in bodyOf(requests.at(-1)!), 'the configured one')
  await t.rejects(act(savepointAction, ['-m', address, RUNNING_ID, 'a', 'b']), {
    code: 'FLINK_CLI_ARGUMENT',
  })
})

t.test(
  'flink savepoint, stop, checkpoint and savepoint -d wait as long as client.timeout',
  async (t) => {
    const { address } = await startFakeRestServer(t, ({ method }) => {
      if (method === 'POST') return { status: 202, body: { 'request-id': 'e'.repeat(32) } }
      return { body: { status: { id: 'IN_PROGRESS' }, operation: null } }
    })
    const impatient = new Configuration().set(ClientOptions.CLIENT_TIMEOUT, 1_000)
    const actions = [
      [savepointAction, RUNNING_ID],
      [stopAction, RUNNING_ID],
      [checkpointAction, RUNNING_ID],
      [savepointAction, '-d', SAVEPOINT],
    ] as const
    await Promise.all(
      actions.map(([action, ...words]) =>
        t.rejects(act(action, ['-m', address, ...words], { configuration: impatient }), {
          code: 'FLINK_OPERATION_TIMEOUT',
          message: /not over after 1 s; it may go on/,
        }),
      ),
    )
  },
)

t.test('flink savepoint, stop and cancel -s without a folder say how to name one', async (t) => {
  const { address } = await startFakeRestServer(t, () => ({
    status: 400,
    body: {
      errors: [
        'Config key [execution.checkpointing.savepoint-dir] is not set. Property [target-directory] must be provided.',
      ],
    },
  }))
  for (const [action, words, message] of [
    [savepointAction, [RUNNING_ID], /savepoint-dir.*Add a directory as the last argument/],
    [stopAction, [RUNNING_ID], /flink stop -p <directory>/],
    [cancelAction, ['-s', RUNNING_ID], /flink cancel -s <directory>/],
  ] as const) {
    await t.rejects(act(action, ['-m', address, ...words]), {
      code: 'FLINK_CLI_NO_SAVEPOINT_FOLDER',
      message,
    })
  }
})

t.test('flink savepoint -d: disposes of one', async (t) => {
  const { address, requests } = await operating(t, {})
  const { out } = await act(savepointAction, ['-m', address, '-d', SAVEPOINT])
  t.strictSame(out, [
    `Disposing savepoint '${SAVEPOINT}'.`,
    'Waiting for response...',
    `Savepoint '${SAVEPOINT}' disposed.`,
  ])
  t.match(requests[0], { method: 'POST', url: '/savepoint-disposal' })
  t.strictSame(bodyOf(requests[0]!), { 'savepoint-path': SAVEPOINT })
})

t.test('flink stop: suspends or drains', async (t) => {
  const { address, requests } = await operating(t)
  const { out } = await act(stopAction, ['-m', address, '-p', '/to', RUNNING_ID])
  t.strictSame(out, [
    `Suspending job "${RUNNING_ID}" with a CANONICAL savepoint.`,
    `Triggering stop-with-savepoint for job ${RUNNING_ID}.`,
    'Waiting for response...',
    `Savepoint completed. Path: ${SAVEPOINT}`,
  ])
  t.match(requests[0], { method: 'POST', url: `/jobs/${RUNNING_ID}/stop` })
  t.match(bodyOf(requests[0]!), { targetDirectory: '/to', drain: false, formatType: 'CANONICAL' })
  const drained = await act(stopAction, ['-m', address, '-d', '-detached', RUNNING_ID])
  t.strictSame(drained.out, [
    `Draining job "${RUNNING_ID}" with a CANONICAL savepoint.`,
    `Triggering stop-with-savepoint in detached mode for job ${RUNNING_ID}.`,
    `Successfully trigger stop-with-savepoint in detached mode, triggerId: ${'e'.repeat(32)}`,
  ])
  t.match(bodyOf(requests.at(-1)!), { drain: true })
})

t.test('flink checkpoint: takes one now', async (t) => {
  const { address, requests } = await operating(t)
  const { out } = await act(checkpointAction, ['-m', address, RUNNING_ID])
  t.strictSame(out, [
    `Triggering checkpoint for job ${RUNNING_ID}.`,
    'Waiting for response...',
    `Checkpoint 7 for job ${RUNNING_ID} completed.`,
    'You can resume your program from this checkpoint with the run command.',
  ])
  t.match(bodyOf(requests[0]!), { checkpointType: 'CONFIGURED' })
  const full = await act(checkpointAction, ['-m', address, '--full', RUNNING_ID])
  t.equal(full.out[2], `Checkpoint(FULL) 7 for job ${RUNNING_ID} completed.`)
})

t.test('flink cancel -s: the directory may be left out', async (t) => {
  const { address, requests } = await operating(t)
  const { out, err } = await act(cancelAction, ['-m', address, '-s', '/to', RUNNING_ID])
  t.strictSame(out, [
    `Cancelling job ${RUNNING_ID} with CANONICAL savepoint to /to.`,
    `Cancelled job ${RUNNING_ID}. Savepoint stored in ${SAVEPOINT}.`,
  ])
  t.match(err, [/older form; "stop"/])
  t.match(bodyOf(requests[0]!), { 'cancel-job': true, 'target-directory': '/to' })
  await act(cancelAction, ['-m', address, '-s', RUNNING_ID])
  t.match(requests.at(-2), { url: `/jobs/${RUNNING_ID}/savepoints/${'e'.repeat(32)}` })
})

t.test('savepoint, stop, checkpoint, run -s: words that are not right', async (t) => {
  const noId = /^Cannot parse JobID from "abc". The expected format is \[0-9a-fA-F\]\{32\}/
  const calls: [Action, string[], RegExp][] = [
    [savepointAction, [], /^Missing JobID. Specify a Job ID to trigger a savepoint.$/],
    [checkpointAction, [], /^Missing JobID. Specify a Job ID to manipulate a checkpoint.$/],
    [savepointAction, ['abc'], noId],
    [checkpointAction, ['abc'], noId],
    [stopAction, ['-type', 'parquet', RUNNING_ID], /^Unknown savepoint format "parquet": expected/],
    [runAction, ['-s', '/s', '-cm', 'mine', 'a.ts'], /^Unknown claim mode "mine": expected claim/],
    [runAction, ['-n', 'a.ts'], /^Options on a savepoint need one: --fromSavepoint <path>$/],
  ]
  for (const [action, words, message] of calls) {
    await t.rejects(act(action, words), { code: 'FLINK_CLI_ARGUMENT', message })
  }
})

t.test('setSavepoint: the words of a command line go over the configuration', async (t) => {
  const words = ['-s', 'sp', '-n', '-rm', 'CLAIM', 'a.ts']
  const configuration = new Configuration()
  setSavepoint(configuration, savepointWords(parseArguments(words, runAction.options)), '/here')
  t.strictSame(configuration.toMap(), {
    'execution.state-recovery.path': '/here/sp',
    'execution.state-recovery.claim-mode': 'CLAIM',
    'execution.state-recovery.ignore-unclaimed-state': 'true',
  })
  const configured = Configuration.fromMap({ 'execution.savepoint.path': 's3://b/sp' })
  setSavepoint(configured, savepointWords(parseArguments(['-n'], runAction.options)), '/here')
  t.match(configured.toMap(), { 'execution.state-recovery.ignore-unclaimed-state': 'true' })
})

t.test('flink savepoint: why it failed is in the causes', async (t) => {
  const cause = serializeError(new FlinkError('no', { code: 'FLINK_CHECKPOINT_FAILED' }))
  const { address } = await operating(t, {
    'failure-cause': {
      class: 'FlinkError',
      'stack-trace': 'FlinkError: no',
      'serialized-throwable': Buffer.from(JSON.stringify(cause)).toString('base64'),
    },
  })
  await t.rejects(act(savepointAction, ['-m', address, RUNNING_ID]), {
    code: 'FLINK_OPERATION_FAILED',
    cause: { code: 'FLINK_CHECKPOINT_FAILED', message: 'no' },
  })
})
