/** A cause as text for the store, and back. What a system may send was checked at the door and is not kept with each message. */
import type { Cause } from './envelope.ts';

export function causeToText(cause: Cause): string {
  const { sender, person } = cause;
  return JSON.stringify({
    ...cause,
    body: undefined,
    sender: { ...sender, sends: undefined },
    ...(person && { person: { ...person, activities: [...person.activities] } }),
  });
}

export function causeFromText(text: string): Cause {
  const kept = JSON.parse(text);
  return {
    ...kept,
    sender: { ...kept.sender, sends: new Set<string>() },
    ...(kept.person && { person: { ...kept.person, activities: new Set<string>(kept.person.activities) } }),
  };
}
