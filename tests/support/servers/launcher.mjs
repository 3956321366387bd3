// Starts programs for a test worker, which asks by one named pipe, line by line, and waits at another; see launcher.ts.
import { spawn, spawnSync } from 'node:child_process'
import { createReadStream, openSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

// Each waits until the worker opens the other end.
const [requests, replies] = [openSync(process.argv[2], 'r'), openSync(process.argv[3], 'w')]
const optionsOf = ({ environment }) => ({ cwd: '/', env: { ...process.env, ...environment } })

function run(program) {
  const { status, stdout, stderr, error } = spawnSync(program.command, program.args, {
    ...optionsOf(program),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    input: program.input ?? '',
  })
  return { status, stdout, stderr, error: error?.message }
}

function start(program) {
  const child = spawn(program.command, program.args, {
    ...optionsOf(program),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { pid } = child
  child.on('error', () => {})
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (output) => process.send({ pid, output }))
  }
  child.on('exit', () => process.send({ pid }))
  return pid === undefined ? { error: `${program.command} cannot be started.` } : { pid }
}

createInterface({ input: createReadStream('', { fd: requests }) }).on('line', (line) => {
  const program = JSON.parse(line)
  writeFileSync(replies, `${JSON.stringify(program.staysUp ? start(program) : run(program))}\n`)
})
process.on('disconnect', () => process.exit())
