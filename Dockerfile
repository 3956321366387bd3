# The service alone, as an unprivileged user; it writes to /var/lib/affinityql and nowhere else, so that the root file
# system can be read-only. Node is process 1 and handles SIGTERM itself: give it 60 s to stop.
#
# The digest fixes the bytes of the base image for all of its platforms; the tag says to a reader which they are. To take
# a newer release: docker buildx imagetools inspect node:24-bookworm-slim
#
#   docker build -t affinityql .
#   docker run --read-only --env-file affinityql.env -p 127.0.0.1:4000:4000 -v affinityql:/var/lib/affinityql affinityql

FROM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json tsconfig.types.json codegen.ts prisma.config.ts schema.graphql README.md ./
COPY scripts scripts
COPY prisma prisma
COPY src src
COPY web web
# Their examples are trusted documents.
COPY docs docs
RUN npm run build

FROM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY deploy/prune-optional-peers.mjs deploy/
RUN npm ci --omit=dev && node deploy/prune-optional-peers.mjs

# Not part of the service: loads the gateway-like data of the tests into an empty database and an empty Redis.
FROM build AS fixtures
COPY tests/fixtures tests/fixtures
USER 1000:1000
CMD ["node_modules/.bin/tsx", "scripts/fixtures-load.ts"]

FROM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS service
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    AUDIT_SPOOL_DIR=/var/lib/affinityql/audit-spool
WORKDIR /app
RUN install -d -o 1000 -g 1000 -m 700 /var/lib/affinityql
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY prisma prisma
# By number: Kubernetes can only tell from that that it is not root.
USER 1000:1000
VOLUME /var/lib/affinityql
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
