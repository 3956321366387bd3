import { builder } from './builder.js'

builder.queryType({ authScopes: { viewer: true } })
builder.mutationType({ authScopes: { viewer: true } })
