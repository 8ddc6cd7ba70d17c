// The operations, as the origin declares them.

export const operations = JSON.parse(open(import.meta.resolve('../../shared/op/ops.gen.json')));

const byID = new Map(operations.map((op) => [op.id, op]));

// address fills an operation's path, every {name} with its value, or with the value when there is but one, and adds what
// the query defines.
export function address(id, values, query = {}) {
  const op = byID.get(id);
  if (!op) throw new Error(`there is no operation ${id}`);
  const path = op.path.replace(/{(\w+)}/g, (_, name) => (typeof values === 'string' ? values : values[name]));
  const search = Object.entries(query).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return search.length > 0 ? `${path}?${search.join('&')}` : path;
}
