import t from 'tap'
import { renderFailure } from '../dist/terminal/render-failure.js'
import { TestingTerminal } from './support/testing-terminal.js'

t.test('renderFailure shows the frames of the user alone', async (t) => {
  const terminal = new TestingTerminal()
  const error = new Error('the program throws')
  error.stack = [
    'Error: the program throws',
    '    at main (/home/ann/program.ts:3:9)',
    '    at runProgram (file:///opt/flink-ts/lib/node_modules/@flink-ts/chunks/chunk-34LP2ERO.js:10:1)',
    '    at async file:///opt/flink-ts/lib/node_modules/@flink-ts/cli/dist/flink.js:2:3',
    '    at async /home/ann/flink-ts/packages/cli/dist/actions/run.js:2:3',
    '    at node:internal/process:1:1',
    '    at helper (/home/ann/node_modules/helper/dist/index.js:1:1)',
  ].join('\n')
  renderFailure(terminal, error, false)
  t.same(
    terminal.errLines.filter((line) => /^\s+at /.test(line)),
    [
      '    at main (/home/ann/program.ts:3:9)',
      '    at helper (/home/ann/node_modules/helper/dist/index.js:1:1)',
    ],
  )
})
