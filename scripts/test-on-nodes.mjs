// `node scripts/test-on-nodes.mjs 22 24` builds, and runs the fast tests on these releases of Node.js. It
// takes a release from the PATH, as `node22`, or else from npm's registry, which has Node's binaries as packages.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { build } from './build.mjs'
import { install, ROOT, requireNode, WINDOWS } from './lib/project.mjs'

const PLATFORM = `${WINDOWS ? 'win' : process.platform}-${process.arch}`
const PACKAGE = `${PLATFORM === 'darwin-arm64' ? 'node-bin' : 'node'}-${PLATFORM}`
const NODES = join(ROOT, 'node_modules', '.nodes')

/** Returns the path of a Node.js of this major; undefined if there is none to be had. */
function find(major) {
  const named = spawnSync(`node${major}`, ['-p', 'process.execPath'], { encoding: 'utf8' })
  if (named.status === 0) return named.stdout.trim()
  const folder = join(NODES, major)
  const found = join(folder, 'node_modules', PACKAGE, 'bin', WINDOWS ? 'node.exe' : 'node')
  if (existsSync(found)) return found
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  spawnSync('npm', ['install', '--no-save', '--ignore-scripts', `${PACKAGE}@${major}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: WINDOWS,
  })
  return existsSync(found) ? found : undefined
}

/** Runs the tests. The programs that they start find this Node.js first in the PATH. */
function test(major, node) {
  const path = join(NODES, `path-${major}`)
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
  symlinkSync(node, join(path, WINDOWS ? 'node.exe' : 'node'))
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  const { status } = spawnSync(node, [vitest, 'run', '--project', 'fast', '--project', 'console'], {
    cwd: ROOT,
    env: { ...process.env, PATH: `${path}${delimiter}${process.env.PATH}` },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return status === 0
}

requireNode()
install()
await build()
for (const major of process.argv.slice(2)) {
  const node = find(major)
  console.log(node ? `\nNode.js ${major}: ${node}` : `\nNode.js ${major} cannot be had here.`)
  if (!node || !test(major, node)) process.exitCode = 1
}
