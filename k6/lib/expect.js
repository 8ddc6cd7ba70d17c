// Checks that say what they found.
import { check } from 'k6';

// expect counts a check under the operation and, when it fails, logs what was expected and found.
export function expect(op, what, ok, found) {
  if (!check(null, { [op]: ok })) console.error(`${op}: ${what}: found ${JSON.stringify(found)?.slice(0, 300)}`);
  return ok;
}

// expectStatus also returns whether the answer is worth a further look.
export function expectStatus(op, answer, status) {
  const found = { status: answer.status, error: answer.error || undefined, body: answer.body };
  return expect(op, `${status} for ${answer.request.method} ${answer.url}`, answer.status === status, found);
}

// guarded counts an exception as a failed check: k6 itself only logs it.
export function guarded(op, step) {
  try {
    step();
  } catch (error) {
    expect(op, 'runs to its end', false, `${error} ${error.stack}`);
  }
}
