import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A main that tells its starter what the test wants: `ready`, `fail`, `exit`, or nothing. It ends on SIGTERM unless
 * it is `stubborn`.
 */
const SOURCE = `
const word = process.argv.find((arg) => arg.startsWith('behaviour='))?.slice(10) ?? 'ready'
console.log('started with', process.argv.slice(2).join(' '))
console.log('log file', process.env.FLINK_LOG_FILE)
setInterval(() => {}, 1000)
process.on('SIGTERM', () => {
  if (word !== 'stubborn') process.exit(0)
})
if (word === 'exit') {
  console.error('SyntaxError: that was it')
  process.exit(3)
}
if (word === 'fail') process.send({ type: 'failed', message: 'port 8081 is taken' }, () => process.exit(1))
else if (word !== 'silent') process.send({ type: 'ready' })
`

/** Writes mains of both daemons into `folder`. */
export function writeFakeDaemons(folder: string): void {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const name of ['standalone-session.js', 'task-manager.js']) {
    writeFileSync(join(folder, name), SOURCE)
  }
}
