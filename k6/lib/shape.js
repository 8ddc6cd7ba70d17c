// The shape of JSON. A shape is a function of a value and its place that returns what is wrong with it.

function scalar(what, holds) {
  return (value, at) => (holds(value) ? [] : [`${at}: ${JSON.stringify(value)} is not ${what}`]);
}

function matching(what, pattern) {
  return scalar(what, (value) => typeof value === 'string' && pattern.test(value));
}

export const text = matching('text', /\S/);
export const uuid = matching('a UUID', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
export const instant = matching('an instant in UTC', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
export const url = matching('a URL', /^https?:\/\/./);
export const whole = scalar('a whole number', (value) => Number.isInteger(value) && value >= 0);
export const number = scalar('a number', (value) => typeof value === 'number');
export const truth = scalar('true or false', (value) => typeof value === 'boolean');
export const oneOf = (...all) => scalar(`one of ${all}`, (value) => all.includes(value));

export const nullable = (shape) => (value, at) => (value === null ? [] : shape(value, at));
export const optional = (shape) => (value, at) => (value === undefined ? [] : shape(value, at));

export function list(item) {
  return (value, at) => (Array.isArray(value) ? value.flatMap((v, i) => item(v, `${at}[${i}]`)) : [`${at}: not a list`]);
}

// object allows fields beside the ones named.
export function object(fields = {}) {
  return (value, at) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return [`${at}: not an object`];
    return Object.entries(fields).flatMap(([name, shape]) => shape(value[name], `${at}.${name}`));
  };
}

// map is an object whose names are not known before.
export function map(item) {
  return (value, at) => {
    const wrong = object()(value, at);
    return wrong.length > 0 ? wrong : Object.entries(value).flatMap(([name, v]) => item(v, `${at}.${name}`));
  };
}
