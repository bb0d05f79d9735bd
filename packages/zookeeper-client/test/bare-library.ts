import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { FakeZooKeeperServer } from './fake-zookeeper-server.js'

// The library without guards; tests show what it does, and then what the client does.

const BARE_CLIENT = fileURLToPath(new URL('fixtures/bare-client.js', import.meta.url))

/** A server that ends with the test. */
export async function bareServer(t: Test): Promise<FakeZooKeeperServer> {
  const fake = await FakeZooKeeperServer.start()
  t.teardown(() => fake.close())
  return fake
}

/** A process with the library alone; its end. */
export async function bareProcess(
  ...words: readonly string[]
): Promise<{ code: number; err: string }> {
  const child = spawn(process.execPath, [BARE_CLIENT, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const code = await new Promise<number>((resolve) =>
    child.on('close', (code) => resolve(code ?? -1)),
  )
  return { code, err }
}
