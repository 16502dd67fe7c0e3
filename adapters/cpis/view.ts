/** Decides on a view of a child's plans: what is shown, and, in the same decision, the visit kept and the authorities told. */
import type { Decision, Fact, Outgoing } from '../../core/decision.ts';
import type { Context } from '../adapter.ts';
import { careTeamBundle, FHIR_JSON, visitBundle } from './fhir.ts';
import { accessNotification } from './hl7v3.ts';
import type { Authority, Plan, PlanQuery, Visit, VisitQuery } from './model.ts';
import { authorityOf, personOf, plansOf, visitsOf, visitWrite } from './records.ts';
import { isTold, shownPlans } from './rules.ts';
import { englishDay } from './states.ts';
import { ACCESS_NOTIFICATION, VISITS_SHOWN } from './tables.ts';

/**
 * Plans, their authorities' contacts and the latest visits. Where there is a plan and the visit is unscheduled, the visit
 * and one notice to each authority are part of the decision: they happen once for each opening, or not at all.
 */
export async function decideCareTeam(query: PlanQuery, context: Context): Promise<Decision> {
  const told = isTold(query, context.person);
  const plans = await seen(query.nhsNumber, context);
  const [authorities, visits] = await Promise.all([
    authoritiesOf(plans, context),
    plans.length > 0 ? visitsOf(context.records, query.nhsNumber) : [],
  ]);
  const visit = told && plans.length > 0 ? thisVisit(query, context) : undefined;
  return {
    answer: document(careTeamBundle({ plans, authorities, visits, id: context.id(1) })),
    ...(visit && { records: [visitWrite(visit)], send: notices(visit, plans, context) }),
    events: [
      {
        action: 'view-child-protection',
        outcome: 'success',
        patient: query.nhsNumber,
        reason: visit ? 'unscheduled-notified' : plans.length > 0 ? 'silent' : 'no-plan',
        ...(visit && { entity: `cpis.visit/${visit.id}` }),
      },
    ],
    facts: [viewFact(query.nhsNumber, plans.length, visit !== undefined)],
  };
}

/** Past visits alone. Reading them is audited, but is no visit and tells nobody. */
export async function decideVisits(query: VisitQuery, context: Context): Promise<Decision> {
  const plans = await seen(query.nhsNumber, context);
  const visits = plans.length > 0 ? await visitsOf(context.records, query.nhsNumber, VISITS_SHOWN + 1) : [];
  // The visit that this very opening recorded a moment ago is not a previous one.
  const previous = visits.filter((visit) => query.opening === undefined || visit.opening !== query.opening);
  const shown = previous.slice(0, VISITS_SHOWN);
  return {
    answer: document(visitBundle({ visits: shown, withRoles: query.withRoles, id: context.id(1) })),
    events: [{ action: 'view-child-protection-visits', outcome: 'success', patient: query.nhsNumber }],
  };
}

async function seen(nhsNumber: string, context: Context): Promise<Plan[]> {
  const [person, found] = await Promise.all([
    personOf(context.records, nhsNumber),
    plansOf(context.records, nhsNumber),
  ]);
  const plans = found.map((record) => record.value);
  return shownPlans(plans, person, englishDay(context.now));
}

async function authoritiesOf(plans: readonly Plan[], context: Context): Promise<Map<string, Authority>> {
  const authorities = new Map<string, Authority>();
  for (const ods of new Set(plans.map((plan) => plan.authority))) {
    const record = await authorityOf(context.records, ods);
    if (record) authorities.set(ods, record.value);
  }
  return authorities;
}

function thisVisit(query: PlanQuery, context: Context): Visit {
  const { party, person, directory, now } = context;
  const ods = person?.ods ?? party.ods;
  return {
    id: context.id(0),
    nhsNumber: query.nhsNumber,
    at: now,
    ods,
    organisation: directory.organisation(ods)?.name ?? party.name,
    place: party.kind,
    userId: person?.userId ?? '',
    roleId: person?.roleId ?? '',
    role: person?.role ?? '',
    ...(query.opening !== undefined && { opening: query.opening }),
  };
}

/** One for each system that holds a plan shown, however many of its plans there are. Its subject names no patient. */
function notices(visit: Visit, plans: readonly Plan[], context: Context): Outgoing[] {
  const bySystem = Map.groupBy(plans, (plan) => receiverOf(plan, context));
  return [...bySystem].map(([to, theirs], index) => ({
    to,
    interaction: ACCESS_NOTIFICATION,
    contentType: 'application/xml; charset=utf-8',
    body: accessNotification({ id: context.id(2 + index), at: context.now, visit, plans: theirs }),
    conversationId: context.cause.conversationId,
    subject: 'Access to service notification',
  }));
}

/** The system that uploaded the plan; where it is no longer active, whichever of that authority takes notices. */
function receiverOf(plan: Plan, { directory }: Context): string {
  if (directory.system(plan.system)?.status === 'active') return plan.system;
  return directory.receiver(plan.authority, ACCESS_NOTIFICATION)?.systemId ?? plan.system;
}

const document = (bundle: object): Decision['answer'] => ({
  kind: 'document',
  status: 200,
  contentType: FHIR_JSON,
  body: JSON.stringify(bundle),
});

const viewFact = (patient: string, plans: number, notified: boolean): Fact => ({
  kind: 'child-protection-viewed',
  patient,
  attributes: { plans, notified },
});
