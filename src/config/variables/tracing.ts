import { flag, httpUrl, oneOf, type Variable } from '../kinds.js'

const protocol = oneOf('http/protobuf', 'http/json')

/** OpenTelemetry's variables that this service reads. OpenTelemetry's SDK reads all the others by itself. */
export const TRACING = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: httpUrl,
    secret: true,
    description:
      'Base URL of a collector that takes OTLP over HTTP, such as `http://collector:4318`; set, it switches traces on. `/v1/traces` is added.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    schema: httpUrl,
    secret: true,
    description: 'The same for traces alone, taken as it stands.',
  },
  OTEL_TRACES_EXPORTER: {
    schema: oneOf('otlp', 'none'),
    secret: false,
    description:
      '`none`: no traces all the same. `otlp`: traces also where no endpoint is set, to `http://localhost:4318`.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    schema: protocol,
    secret: false,
    default: 'http/protobuf',
    description: 'Or `http/json`. gRPC is not there.',
  },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: {
    schema: protocol,
    secret: false,
    description: 'The same for traces alone.',
  },
  OTEL_SDK_DISABLED: {
    schema: flag,
    secret: false,
    default: 'false',
    description: '`true`: no traces, whatever else is set.',
  },
} as const satisfies Record<string, Variable>
