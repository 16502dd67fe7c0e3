/** One change of stage as a JSON line, written by hand: every field in its place, and none that could hold a body. */
import type { Stage, StageFields } from '../../core/telemetry.ts';

const GUID = /^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$/;
const SYSTEM = /^\d{12}$/;
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** In the place of an identifier that is not of its form: what a sender wrote there may be anything. */
const NOT_SHOWN = '(not of its form)';

const shown = (form: RegExp, value: string): string => (form.test(value) ? value : NOT_SHOWN);

/**
 * `{"level":"info","time":"...","stage":"decided","messageId":...}`: the order of StageFields, absent fields left out.
 * `interaction` and `code` have been held against their forms by series.ts.
 */
export function stageLine(
  level: string,
  time: string,
  stage: Stage,
  fields: StageFields,
  checked: { readonly interaction: string; readonly code: string | undefined },
): string {
  let line = `{"level":"${level}","time":"${time}","stage":"${stage}"`;
  if (fields.messageId !== undefined) line += `,"messageId":"${shown(GUID, fields.messageId)}"`;
  if (fields.system !== undefined) line += `,"system":"${shown(SYSTEM, fields.system)}"`;
  if (fields.interaction !== undefined) line += `,"interaction":"${checked.interaction}"`;
  if (checked.code !== undefined) line += `,"code":"${checked.code}"`;
  if (fields.delivery !== undefined) line += `,"delivery":"${shown(GUID, fields.delivery)}"`;
  if (fields.attempts !== undefined) line += `,"attempts":${Number(fields.attempts)}`;
  if (fields.took_ms !== undefined) line += `,"took_ms":${Math.round(fields.took_ms)}`;
  if (fields.traceparent !== undefined) line += `,"traceparent":"${shown(TRACEPARENT, fields.traceparent)}"`;
  return `${line}}\n`;
}

/** The same fields for a line that pino writes. */
export function shownFields(fields: StageFields): Record<string, unknown> {
  return {
    ...(fields.messageId !== undefined && { messageId: shown(GUID, fields.messageId) }),
    ...(fields.system !== undefined && { system: shown(SYSTEM, fields.system) }),
    ...(fields.delivery !== undefined && { delivery: shown(GUID, fields.delivery) }),
    ...(fields.attempts !== undefined && { attempts: fields.attempts }),
  };
}
