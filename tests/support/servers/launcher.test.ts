import { expect, it } from 'vitest'
import { temporaryDirectory } from './child.js'
import { openLauncher } from './launcher.js'

it('tells that its programs have ended when it has been killed itself', async () => {
  const launcher = openLauncher(temporaryDirectory('launcher'), (command, args) => [command, args])
  const program = launcher.start({ command: 'sleep', args: ['600'] }, () => {})
  const { stdout } = launcher.run({ command: 'sh', args: ['-c', 'echo $PPID'] })
  process.kill(Number(stdout), 'SIGKILL')
  await program.ended
  expect(program.hasEnded).toBe(true)
})
