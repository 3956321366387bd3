/** Finds a program in PATH; returns its full path, or undefined. */
export declare function findProgram(name: string): string | undefined
/** Finds Redis's programs; returns undefined if one is missing. */
export declare function findRedis(): { readonly server: string; readonly cli: string } | undefined
/** Finds the newest directory with initdb, postgres, pg_dump and psql; returns undefined if there is none. */
export declare function findPostgresDirectory(): string | undefined
/** Finds a Chromium or Chrome; returns its path, or undefined. */
export declare function findBrowser(): string | undefined
/** Returns the names of the missing Debian packages. */
export declare function missingPackages(options?: { tests?: boolean }): string[]
