// `npm run bench`: installs what it needs, then runs bench/.
import { bin, generate, install, requireNode, run } from './lib/project.mjs'

requireNode()
install()
if (run(process.execPath, ['scripts/ensure-services.mjs']) !== 0) process.exit(1)
if (generate() !== 0) process.exit(1)
process.exit(run(bin('tsx'), ['--expose-gc', 'bench/index.ts', ...process.argv.slice(2)]))
