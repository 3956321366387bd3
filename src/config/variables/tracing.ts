import { flag, httpUrl, oneOf, type Variable } from '../kinds.js'

const protocol = oneOf('http/protobuf', 'http/json')

/** OpenTelemetry's variables that this service reads. OpenTelemetry's SDK reads all the others by itself. */
export const TRACING = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: httpUrl,
    secret: true,
    description:
      'This is the base URL of a collector that takes OTLP over HTTP, such as `http://collector:4318`. It switches traces on; the service adds `/v1/traces`.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    schema: httpUrl,
    secret: true,
    description: 'This is the URL for traces alone; the service adds nothing to it.',
  },
  OTEL_TRACES_EXPORTER: {
    schema: oneOf('otlp', 'none'),
    secret: false,
    description:
      '`none` switches traces off. `otlp` switches them on even if no endpoint is set, and sends them to `http://localhost:4318`.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    schema: protocol,
    secret: false,
    default: 'http/protobuf',
    description: 'The service encodes traces as `http/protobuf` or `http/json`; there is no gRPC.',
  },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: {
    schema: protocol,
    secret: false,
    description: 'This is the encoding for traces alone.',
  },
  OTEL_SDK_DISABLED: {
    schema: flag,
    secret: false,
    default: 'false',
    description: 'With `true`, there are no traces, whatever else is set.',
  },
} as const satisfies Record<string, Variable>
