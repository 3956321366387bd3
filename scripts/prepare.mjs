// Installs and builds, each only where it is needed.
import { build } from './build.mjs'
import { install, requireNode } from './lib/project.mjs'

requireNode()
install()
build()
