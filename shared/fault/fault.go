// Package fault is the one error type that has a meaning for callers of the API.
//
// A Fault knows its HTTP status, its machine-readable code and every detail of what is wrong with the request. Anything
// that is not a Fault is unexpected: it becomes 500 INTERNAL, is logged once at the boundary, and says nothing inside.
package fault

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Code is the machine-readable reason that players and editors branch on.
type Code string

// The codes of the contract (conventions.md, "Requests and answers").
const (
	BadRequest            Code = "BAD_REQUEST"
	ValidationFailed      Code = "VALIDATION_FAILED"
	Unauthorized          Code = "UNAUTHORIZED"
	Forbidden             Code = "FORBIDDEN"
	GeoBlocked            Code = "GEO_BLOCKED"
	DeviceNotRegistered   Code = "DEVICE_NOT_REGISTERED"
	SubscriptionRequired  Code = "SUBSCRIPTION_REQUIRED"
	PlanUpgradeRequired   Code = "PLAN_UPGRADE_REQUIRED"
	NotYetAvailable       Code = "NOT_YET_AVAILABLE"
	NoLongerAvailable     Code = "NO_LONGER_AVAILABLE"
	NotFound              Code = "NOT_FOUND"
	MethodNotAllowed      Code = "METHOD_NOT_ALLOWED"
	NotAcceptable         Code = "NOT_ACCEPTABLE"
	Conflict              Code = "CONFLICT"
	DeviceLimitReached    Code = "DEVICE_LIMIT_REACHED"
	ConcurrencyLimit      Code = "CONCURRENCY_LIMIT_EXCEEDED"
	SessionEnded          Code = "SESSION_ENDED"
	IdempotencyInProgress Code = "IDEMPOTENCY_IN_PROGRESS"
	IdempotencyKeyReused  Code = "IDEMPOTENCY_KEY_REUSED"
	PreconditionFailed    Code = "PRECONDITION_FAILED"
	TooLarge              Code = "PAYLOAD_TOO_LARGE"
	UnsupportedMediaType  Code = "UNSUPPORTED_MEDIA_TYPE"
	RateLimited           Code = "RATE_LIMITED"
	Unavailable           Code = "UNAVAILABLE"
	Internal              Code = "INTERNAL"
)

// statuses gives each code its one HTTP status.
var statuses = map[Code]int{
	BadRequest: http.StatusBadRequest, ValidationFailed: http.StatusUnprocessableEntity,
	Unauthorized: http.StatusUnauthorized, Forbidden: http.StatusForbidden, GeoBlocked: http.StatusForbidden,
	DeviceNotRegistered: http.StatusForbidden, SubscriptionRequired: http.StatusForbidden, PlanUpgradeRequired: http.StatusForbidden,
	NotYetAvailable: http.StatusForbidden, NoLongerAvailable: http.StatusForbidden,
	DeviceLimitReached: http.StatusConflict, ConcurrencyLimit: http.StatusConflict, SessionEnded: http.StatusGone,
	NotFound: http.StatusNotFound, MethodNotAllowed: http.StatusMethodNotAllowed,
	NotAcceptable: http.StatusNotAcceptable, Conflict: http.StatusConflict,
	IdempotencyInProgress: http.StatusConflict, IdempotencyKeyReused: http.StatusUnprocessableEntity,
	PreconditionFailed: http.StatusPreconditionFailed, TooLarge: http.StatusRequestEntityTooLarge,
	UnsupportedMediaType: http.StatusUnsupportedMediaType, RateLimited: http.StatusTooManyRequests,
	Unavailable: http.StatusServiceUnavailable, Internal: http.StatusInternalServerError,
}

// Detail names one thing that is wrong with a request. Device and Session are what stands in the way, as pointers to their
// representations for viewers; Reason says why a session ended.
type Detail struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Reason  string `json:"reason,omitempty"`
	Device  any    `json:"device,omitempty"`
	Session any    `json:"session,omitempty"`
}

// Fault is an error whose meaning is for the caller. Its zero value is not useful; make one with New.
type Fault struct {
	Code       Code
	Message    string
	Details    []Detail
	RetryAfter time.Duration // sent as Retry-After, rounded up to seconds; zero sends none
	ETag       string        // the current ETag, on PreconditionFailed
	Allow      string        // the allowed methods, on MethodNotAllowed
}

// New makes a fault; message is a sentence for a person, without inner text.
func New(code Code, message string, details ...Detail) *Fault {
	return &Fault{Code: code, Message: message, Details: details}
}

// Error implements error.
func (f *Fault) Error() string { return string(f.Code) + ": " + f.Message }

// Status is the HTTP status of the fault's code.
func (f *Fault) Status() int {
	if s, ok := statuses[f.Code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Of returns the fault inside err, or the INTERNAL one that tells nothing when there is none.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "An unexpected error occurred. Quote the request_id when you report it.")
}

// Busy is the 503 of a tier that can't answer now but soon will.
func Busy(message string, retryAfter time.Duration) *Fault {
	f := New(Unavailable, message)
	f.RetryAfter = retryAfter
	return f
}

// Missing is the 404 of every object, whatever the reason that it can't be seen.
func Missing() *Fault { return New(NotFound, "There is nothing at this address.") }

// Ended is the 410 of a stream session that ended, with the reason, which may be empty.
func Ended(reason string) *Fault {
	return New(SessionEnded, "This session has ended.",
		Detail{Field: "session_id", Code: "ended", Message: "Start the stream again to go on.", Reason: reason})
}

// body is the shape of every error answer.
type body struct {
	Code      Code     `json:"code"`
	Message   string   `json:"message"`
	RequestID string   `json:"request_id"`
	Details   []Detail `json:"details"`
}

// JSON renders the answer's body: {"code","message","request_id","details"}; details is never null.
func (f *Fault) JSON(requestID string) []byte {
	b := body{Code: f.Code, Message: f.Message, RequestID: requestID, Details: f.Details}
	if b.Details == nil {
		b.Details = []Detail{}
	}
	out, err := json.Marshal(b)
	if err != nil { // strings marshal always; a broken invariant
		panic(err)
	}
	return out
}
