/** Run as a process: tries to take each of many directories, prints which it got, and holds them until it is ended. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../../src/errors.js'
import { lockDirectory } from '../../src/postgres/directory-lock.js'

const [root = '', count = '0'] = process.argv.slice(2)
process.stdout.write('ready\n')
while (!existsSync(join(root, 'go'))) {
  // All begin at the same moment.
}
const taken: number[] = []
for (let n = 0; n < Number(count); n += 1) {
  try {
    lockDirectory(join(root, String(n)))
    taken.push(n)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
  }
}
process.stdout.write(`taken ${JSON.stringify(taken)}\n`)
setTimeout(() => {}, 120_000)
