#!/usr/bin/env node
import { EXIT } from './exit-codes.js'
import { run } from './run.js'

// A reader such as `head` closes the pipe early. This is no failure, so it prints no message.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed)
})

const interrupt = new AbortController()
// The first Ctrl-C asks the command to stop, the second one exits at once.
process.on('SIGINT', () => {
  if (interrupt.signal.aborted) process.exit(EXIT.interrupted)
  interrupt.abort()
})

process.exitCode = await run(process.argv.slice(2), process, interrupt.signal)
// The process waits for its output, but not for open handles such as kept-alive connections.
process.stdout.write('', () => process.exit())
