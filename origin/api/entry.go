// Package api turns typed functions into HTTP operations. One Entry is one operation: from it come the route, the scope
// check, strict decoding, the OpenAPI 3.1 description, the edge's cache policy, the metric's label and the contract test.
//
// A read is answered from one snapshot at one instant and says what can change it (tags, and the instant at which the
// clock will). A write runs in one transaction with everything that it leaves behind.
package api

import (
	"context"
	"net/http"
	"reflect"

	"encora/shared/op"
)

// Entry is one operation with its handler. Make one with Get, Post, Put, Patch or Delete, then refine it with the With methods.
type Entry struct {
	op.Op
	Tag         string // the seed's section, such as "Movies (Admin)"
	Summary     string // the seed's title of the operation
	Description string

	in, out    reflect.Type
	input      *binding
	idempotent bool   // takes Idempotency-Key
	instead    string // of a body that is too large
	versioned  bool   // answers with the strong ETag that If-Match takes
	atEdge     bool   // has no handler here
	inTurn     bool   // waits for a place among the fills, as what is Hot does among its own

	read   func(ctx context.Context, r *Read, in any) (any, error)
	write  func(ctx context.Context, w *Write, in any) (any, error)
	direct func(ctx context.Context, in any) (any, error)
	plain  func(r *http.Request) Document
}

// None is the input or output of an operation that has none.
type None struct{}

// Get declares a read at path for callers with the given access. Viewer and public reads are cached at the edge, unless they
// are Passed; reads by scope exist only at the origin.
func Get[I, O any](id, path, access string, f func(context.Context, *Read, *I) (O, error)) Entry {
	e := entry[I, O](id, "GET", path, access, 200)
	e.read = func(ctx context.Context, r *Read, in any) (any, error) { return f(ctx, r, in.(*I)) }
	if access == op.Viewer || access == op.Public {
		e.Serve = op.Hot
	}
	return e
}

// Post declares a write that creates (201) and takes Idempotency-Key.
func Post[I, O any](id, path, access string, f func(context.Context, *Write, *I) (O, error)) Entry {
	e := writing(entry[I, O](id, "POST", path, access, 201), f)
	e.idempotent = true
	return e
}

// Act declares a POST that acts on a resource which exists (200).
func Act[I, O any](id, path, access string, f func(context.Context, *Write, *I) (O, error)) Entry {
	return writing(entry[I, O](id, "POST", path, access, 200), f)
}

// Put declares a write that replaces a resource (200).
func Put[I, O any](id, path, access string, f func(context.Context, *Write, *I) (O, error)) Entry {
	return writing(entry[I, O](id, "PUT", path, access, 200), f)
}

// Patch declares a write that changes the fields that it is given (200).
func Patch[I, O any](id, path, access string, f func(context.Context, *Write, *I) (O, error)) Entry {
	return writing(entry[I, O](id, "PATCH", path, access, 200), f)
}

// Delete declares a write that removes a resource (204).
func Delete[I any](id, path, access string, f func(context.Context, *Write, *I) (None, error)) Entry {
	return writing(entry[I, None](id, "DELETE", path, access, 204), f)
}

// Ask declares a POST that only reads: a question too large or too private for a URL.
func Ask[I, O any](id, path, access string, f func(context.Context, *Read, *I) (O, error)) Entry {
	e := entry[I, O](id, "POST", path, access, 200)
	e.read = func(ctx context.Context, r *Read, in any) (any, error) { return f(ctx, r, in.(*I)) }
	return e
}

// Documented names the operation as the seed does.
func (e Entry) Documented(tag, summary, description string) Entry {
	e.Tag, e.Summary, e.Description = tag, summary, description
	return e
}

// PerAudience says that the answer varies by the viewer's audience class.
func (e Entry) PerAudience() Entry {
	e.ByAudience = true
	return e
}

// Composed says that the edge puts the answer together from parts that it asks for on its own.
func (e Entry) Composed() Entry {
	e.Serve = op.Composed
	return e
}

// Passed says that edges pass the operation on, for the origin to answer with the caller's account in hand. Viewers write
// such resources, so their ETags are those that If-Match takes.
func (e Entry) Passed() Entry {
	e.Serve = op.Pass
	e.versioned = isResource(e.out)
	return e
}

// AtEdge declares a viewer's operation that edges answer, with what they ask of the origin on their own. The origin's
// public listener does not have it.
func AtEdge[I, O any](id, method, path string, serve op.Serve, success int) Entry {
	e := entry[I, O](id, method, path, op.Viewer, success)
	e.Serve, e.atEdge = serve, true
	return e
}

// Playing says what content the stream of an operation is of, and how it is shifted in time.
func (e Entry) Playing(content string, shift op.Shift) Entry {
	e.Content, e.Shift = content, shift
	return e
}

// EndsStreams says that the operation may end sessions: the edge that passed it on hears of that before it answers.
func (e Entry) EndsStreams() Entry {
	e.EndsSessions = true
	return e
}

// Accepted says that what is created is only queued (202).
func (e Entry) Accepted() Entry {
	e.Success = http.StatusAccepted
	return e
}

// Sized says how many bytes a body may have, where the general bound is too narrow, and what to do with more.
func (e Entry) Sized(maxBytes int64, instead string) Entry {
	e.MaxBody, e.instead = maxBytes, instead
	return e
}

// InTurn says that an edge's own question waits until few others like it are being answered. What is not InTurn does not wait: it is
// little, and much waits for it.
func (e Entry) InTurn() Entry {
	e.inTurn = true
	return e
}

// Shared says that any cache on the way may keep the answer for that many seconds.
func (e Entry) Shared(maxAge int) Entry {
	e.MaxAge = maxAge
	return e
}

func entry[I, O any](id, method, path, access string, success int) Entry {
	e := Entry{Op: op.Op{ID: id, Method: method, Path: path, Access: access, Serve: op.Origin, Success: success}}
	e.in, e.out = reflect.TypeFor[I](), reflect.TypeFor[O]()
	e.input = bind(e.in)
	e.Query = e.input.params()
	if e.input.body != nil {
		e.MaxBody = maxBody
	}
	e.versioned = access != op.Viewer && access != op.Public && isResource(e.out)
	return e
}

// isResource reports whether an output is one resource, as against a list or nothing.
func isResource(out reflect.Type) bool { return itemType(out) == nil && out != reflect.TypeFor[None]() }

func writing[I, O any](e Entry, f func(context.Context, *Write, *I) (O, error)) Entry {
	e.write = func(ctx context.Context, w *Write, in any) (any, error) { return f(ctx, w, in.(*I)) }
	return e
}

// maxBody bounds a request body in bytes: the largest legal one is a geo rule with 10,000 ids.
const maxBody = 1 << 20
