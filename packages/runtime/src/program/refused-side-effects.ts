import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import { TracingRefusedError } from './program-errors.js'

const CHILD_PROCESS = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync']

const FS_WRITES = [
  ...['appendFile', 'chmod', 'chown', 'copyFile', 'cp', 'ftruncate', 'lchown', 'link', 'lutimes'],
  ...['mkdir', 'mkdtemp', 'rename', 'rm', 'rmdir', 'symlink', 'truncate', 'unlink', 'utimes'],
  ...['write', 'writeFile', 'writev'],
]

/** Flags of `open` that let a file be written. */
const WRITE_FLAGS =
  fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC

/**
 * Until the returned function is called: child processes, listening sockets and file writes throw
 * {@link TracingRefusedError}, however the program imported them. Reading is left alone.
 *
 * @param onRefused told of each refusal, because a program may catch what is thrown
 */
export function refuseSideEffects(onRefused: (error: TracingRefusedError) => void): () => void {
  const restores: (() => void)[] = []
  const replace = (target: object, name: string, make: (real: unknown) => unknown) => {
    const descriptor = Object.getOwnPropertyDescriptor(target, name)
    if (descriptor === undefined) return
    const value = make((target as Record<string, unknown>)[name])
    Object.defineProperty(target, name, { ...dataDescriptor(descriptor), value })
    restores.push(() => Object.defineProperty(target, name, descriptor))
  }
  const refused = (call: string) => {
    const error = new TracingRefusedError(call)
    onRefused(error)
    return error
  }
  const refuse = (target: object, name: string, call: string) =>
    replace(target, name, () => () => {
      throw refused(call)
    })

  for (const name of CHILD_PROCESS) refuse(childProcess, name, `child_process.${name}`)
  refuse(net.Server.prototype, 'listen', 'listen of a server')
  refuse(dgram.Socket.prototype, 'bind', 'bind of a datagram socket')
  for (const name of FS_WRITES) {
    refuse(fs, name, `fs.${name}`)
    refuse(fs, `${name}Sync`, `fs.${name}Sync`)
    replace(fs.promises, name, () => async () => {
      throw refused(`fs.promises.${name}`)
    })
  }
  refuse(fs, 'createWriteStream', 'fs.createWriteStream')
  for (const [target, name, call] of [
    [fs, 'open', 'fs.open'],
    [fs, 'openSync', 'fs.openSync'],
    [fs.promises, 'open', 'fs.promises.open'],
  ] as const) {
    replace(target, name, (real) => (...args: unknown[]) => {
      if (opensForWriting(args[1])) throw refused(`${call} for writing`)
      return (real as (...args: unknown[]) => unknown).apply(target, args)
    })
  }
  syncBuiltinESMExports()
  return () => {
    for (const restore of restores.splice(0).reverse()) restore()
    syncBuiltinESMExports()
  }
}

function dataDescriptor(descriptor: PropertyDescriptor): PropertyDescriptor {
  const { configurable = true, enumerable = true } = descriptor
  return { configurable, enumerable, writable: true }
}

function opensForWriting(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & WRITE_FLAGS) !== 0
  return typeof flags === 'string' && /[wa+]/.test(flags)
}
