/** OpenTelemetry traces, made from the stages after the fact: no cost where no exporter is configured. */
import type { SpanContext } from '@opentelemetry/api';
import type { Clock } from '../../core/clock.ts';
import type { Stage, StageFields, Telemetry } from '../../core/telemetry.ts';

export interface Tracer extends Pick<Telemetry, 'stage'> {
  /** Sends what is left, within five seconds. */
  stop(): Promise<void>;
}

export interface TraceParts {
  /** OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces. */
  readonly url: string | undefined;
  readonly version: string;
  readonly clock: Clock;
  /** Told when spans cannot be sent. */
  readonly onTrouble?: (what: string, error: unknown) => void;
}

/** The stages that are steps of a message's way, and what the step is called; the others are events of no length. */
const SPANS: Readonly<Record<Stage, string>> = {
  accepted: 'accept',
  repeated: 'accept again',
  refused: 'refuse',
  decided: 'decide',
  delivered: 'deliver',
  collected: 'collect',
  retrying: 'attempt',
  dead: 'dead letter',
  replayed: 'replay',
};

const STOP_WITHIN_ms = 5_000;

/**
 * Undefined without a URL; only then is the SDK not even loaded. Every span hangs below the sender's traceparent, which
 * travels with the message and its deliveries; where the sender sent none, the trace's id is the message's id.
 */
export async function startTraces({ url, version, clock, onTrouble }: TraceParts): Promise<Tracer | undefined> {
  if (url === undefined) return undefined;
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  if (onTrouble !== undefined) {
    const tell = (what: string, ...details: unknown[]): void => onTrouble(`traces: ${what.slice(0, 200)}`, details[0]);
    const quiet = (): void => undefined;
    api.diag.setLogger({ error: tell, warn: quiet, info: quiet, debug: quiet, verbose: quiet }, api.DiagLogLevel.ERROR);
  }
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'vertebra', 'service.version': version }),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: STOP_WITHIN_ms }))],
  });
  const tracer = provider.getTracer('vertebra', version);

  return {
    stage(stage, fields) {
      const end = clock.now();
      const parent = parentOf(fields);
      const context = parent === undefined ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, parent);
      const span = tracer.startSpan(
        SPANS[stage],
        { startTime: end - (fields.took_ms ?? 0), attributes: attributesOf(stage, fields) },
        context,
      );
      if (stage === 'dead' || stage === 'retrying') span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.end(end);
    },
    async stop() {
      const late = new Promise<void>((resolve) => {
        setTimeout(resolve, STOP_WITHIN_ms).unref();
      });
      const done = provider
        .shutdown()
        .catch((error: unknown) => onTrouble?.('traces: the last could not be sent', error));
      await Promise.race([done, late]);
    },
  };
}

/** Source: W3C Trace Context, 3.2. A message id has 128 bits, as a trace id does. */
function parentOf({ traceparent, messageId }: StageFields): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (traceId !== undefined && spanId !== undefined && flags !== undefined)
    return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  const hex = messageId?.replaceAll('-', '').toLowerCase() ?? '';
  return /^[0-9a-f]{32}$/.test(hex) && !/^0+$/.test(hex)
    ? { traceId: hex, spanId: hex.slice(16).replace(/^0{16}$/, '0000000000000001'), traceFlags: 1, isRemote: true }
    : undefined;
}

const attributesOf = (stage: Stage, fields: StageFields): Record<string, string | number> => ({
  'hub.stage': stage,
  ...(fields.messageId !== undefined && { 'messaging.message.id': fields.messageId }),
  ...(fields.system !== undefined && { 'hub.system': fields.system }),
  ...(fields.interaction !== undefined && { 'hub.interaction': fields.interaction }),
  ...(fields.code !== undefined && { 'hub.code': fields.code }),
  ...(fields.delivery !== undefined && { 'hub.delivery': fields.delivery }),
  ...(fields.attempts !== undefined && { 'hub.attempts': fields.attempts }),
});
