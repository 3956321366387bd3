import type { CodegenConfig } from '@graphql-codegen/cli'

/** The console's documents and their types, from the schema as it is checked in. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'web/src/**/*.graphql',
  generates: {
    'web/src/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, skipIndexFile: true },
      config: {
        scalars: { DateTime: 'string', JSON: 'unknown' },
        strictScalars: true,
        enumType: 'string-literal',
        useTypeImports: true,
        immutableTypes: true,
      },
    },
    // Which types a union or an interface can be: Apollo's cache matches fragments by it.
    'web/src/generated/possible-types.ts': {
      plugins: ['fragment-matcher'],
      config: { useExplicitTyping: true, deterministic: true },
    },
  },
}

export default config
