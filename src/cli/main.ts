#!/usr/bin/env node
import { EXIT } from './exit-codes.js'
import { run } from './run.js'

// `affinityql … | head` has seen enough: that is no failure, and nothing to talk about.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed)
})

const interrupt = new AbortController()
// What runs is asked to end, and is ended when it is asked twice.
process.on('SIGINT', () => {
  if (interrupt.signal.aborted) process.exit(EXIT.interrupted)
  interrupt.abort()
})

process.exitCode = await run(process.argv.slice(2), process, interrupt.signal)
// What is still open (a kept-alive connection, say) is nothing to wait for; what was written is.
process.stdout.write('', () => process.exit())
