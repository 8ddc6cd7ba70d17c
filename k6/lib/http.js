// Requests to the edge. Everything is counted under the operation's id, never under the URL.
import http from 'k6/http';
import { edge } from './env.js';

const patience = '10s';
const answered = http.expectedStatuses(200, 304);

// ask sends one request. expect lists the statuses that are no failure; none: 200 and 304. Without text the body is
// thrown away unread. A body is sent as JSON.
export function ask(op, path, { method = 'GET', token, encoding, etag, requestID, device, body, expect, text = true } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (encoding) headers['Accept-Encoding'] = encoding;
  if (etag) headers['If-None-Match'] = etag;
  if (requestID) headers['X-Request-Id'] = requestID;
  if (device) headers['X-Device-Id'] = device;
  if (body) headers['Content-Type'] = 'application/json';
  return http.request(method, edge + path, body ? JSON.stringify(body) : null, {
    headers,
    tags: { op, name: op },
    responseType: text ? 'text' : 'none',
    responseCallback: expect ? http.expectedStatuses(...expect) : answered,
    redirects: 0,
    timeout: patience,
  });
}

// header returns an answer's header, or ''. k6 spells names as Go does: ETag is Etag.
export function header(answer, name) {
  const spelled = name.toLowerCase().replace(/(^|-)[a-z]/g, (initial) => initial.toUpperCase());
  return answer.headers[spelled] || '';
}

// isHit reads Cache-Status (RFC 9211): its last member is the cache nearest to the viewer.
export function isHit(answer) {
  const nearest = header(answer, 'Cache-Status').split(',').pop();
  return nearest.split(';').some((parameter) => parameter.trim() === 'hit');
}
