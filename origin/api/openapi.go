package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"encora/shared/op"
)

// errorBody documents the shape of every error (fault.Fault renders it).
type errorBody struct {
	Code      string        `json:"code"`
	Message   string        `json:"message"`
	RequestID string        `json:"request_id"`
	Details   []errorDetail `json:"details"`
}

type errorDetail struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Reason  string `json:"reason,omitempty" enum:"ended,replaced,expired,device_removed,account_closed" doc:"Why a session ended."`
	Device  any    `json:"device,omitempty" doc:"The registered device that stands in the way."`
	Session any    `json:"session,omitempty" doc:"The active session that stands in the way."`
}

// OpenAPI renders the OpenAPI 3.1 description of the entries.
func OpenAPI(entries []Entry, version string) ([]byte, error) {
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "EncoraStream CMS API", Version: version,
			Description: "Content management and delivery for the EncoraStream OTT platform."},
		Paths:      map[string]*huma.PathItem{},
		Components: &huma.Components{Schemas: registry, SecuritySchemes: security()},
	}
	fault := registry.Schema(reflect.TypeFor[errorBody](), true, "Error")
	for i := range entries {
		if e := &entries[i]; e.Serve != internal && e.Tag != "" {
			doc.AddOperation(e.describe(fault))
		}
	}
	return json.Marshal(doc)
}

func security() map[string]*huma.SecurityScheme {
	scopes := map[string]string{
		"content:read": "Read the catalogue as editors see it", "content:write": "Create, change and delete content",
		"content:publish": "Publish and unpublish", "media:read": "Read media assets", "media:write": "Register and remove media assets",
		"audit:read": "Read the audit log", "epg:read": "Read schedules as editors see them", "epg:write": "Change schedules",
		"accounts:read": "Read the state of subscribers", "accounts:write": "Change the state of subscribers", "plans:read": "Read plans as editors see them",
		"plans:write": "Change plans",
	}
	return map[string]*huma.SecurityScheme{"OAuth2PKCE": {
		Type: "oauth2",
		Flows: &huma.OAuthFlows{AuthorizationCode: &huma.OAuthFlow{
			AuthorizationURL: "/oauth/authorize", TokenURL: "/oauth/token", Scopes: scopes}},
	}}
}

func (e *Entry) describe(fault *huma.Schema) *huma.Operation {
	o := &huma.Operation{
		OperationID: e.ID, Method: e.Method, Path: e.Path, Tags: []string{e.Tag},
		Summary: e.Summary, Description: e.Description, Responses: map[string]*huma.Response{},
	}
	for i := range e.input.fields {
		o.Parameters = append(o.Parameters, e.input.fields[i].describe())
	}
	if e.idempotent {
		o.Parameters = append(o.Parameters, headerParam("Idempotency-Key", "Makes the write safely retryable for 24 hours.", 255))
	}
	if e.matches() {
		o.Parameters = append(o.Parameters, headerParam("If-Match", "ETag of the version last read; 412 when it has changed.", 0))
	}
	if e.Serve == op.Hot || e.Serve == op.Composed {
		o.Parameters = append(o.Parameters, headerParam("If-None-Match", "ETag from a prior response; 304 when unchanged.", 0))
	}
	if e.input.body != nil {
		o.RequestBody = &huma.RequestBody{Required: !e.input.bodyOptional, Content: jsonContent(e.input.schema)}
	}
	if e.Access != op.Public {
		scopes := []string{}
		if e.Access != op.Viewer {
			scopes = []string{e.Access}
		}
		o.Security = []map[string][]string{{"OAuth2PKCE": scopes}}
	}
	o.Responses[strconv.Itoa(e.Success)] = e.success()
	if e.Method == "GET" && e.plain == nil && !e.atEdge {
		o.Responses["304"] = &huma.Response{Description: "Unchanged since the ETag of If-None-Match."}
	}
	for _, status := range e.refusals() {
		o.Responses[strconv.Itoa(status)] = &huma.Response{Description: statusText[status], Content: jsonContent(fault)}
	}
	return o
}

func (e *Entry) success() *huma.Response {
	r := &huma.Response{Description: "Success"}
	if e.out != reflect.TypeFor[None]() {
		r.Content = jsonContent(registry.Schema(e.out, true, e.ID+"Response"))
	}
	return r
}

var statusText = map[int]string{
	400: "The request can't be read as this operation.", 401: "Access token is missing or invalid.", 403: "The token lacks the scope, or the account, the country or the time does not allow this; the code says which.",
	404: "There is nothing at this address.", 409: "The resource's state does not allow this.", 410: "The session has ended; details say why.", 412: "The resource has changed.",
	413: "The body is too large.", 415: "The body is not application/json.", 422: "Values are missing or out of their limits.",
	503: "Not available at the moment; see Retry-After.",
}

// refusals lists the error statuses that the operation can answer.
func (e *Entry) refusals() []int {
	statuses := []int{503}
	if len(e.input.fields) > 0 || e.input.body != nil {
		statuses = append(statuses, 400)
	}
	if e.Access != op.Public {
		statuses = append(statuses, 401, 403)
	}
	if strings.Contains(e.Path, "{") || e.Method == "POST" && e.write == nil {
		statuses = append(statuses, 404)
	}
	if e.input.body != nil {
		statuses = append(statuses, 413, 415, 422)
	}
	if e.write != nil || e.Serve == op.Stream {
		statuses = append(statuses, 409)
	}
	if e.Serve == op.Beat {
		statuses = append(statuses, 410)
	}
	if e.matches() {
		statuses = append(statuses, 412)
	}
	return statuses
}

// matches reports whether the operation takes If-Match: it writes a resource that exists.
func (e *Entry) matches() bool {
	return e.write != nil && e.Success != 201 && strings.Contains(e.Path, "{")
}

func jsonContent(s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s}}
}

func headerParam(name, doc string, maxLength int) *huma.Param {
	s := &huma.Schema{Type: huma.TypeString}
	if maxLength > 0 {
		s.MaxLength = &maxLength
	}
	return &huma.Param{Name: name, In: "header", Description: doc, Schema: s}
}

func (f *field) describe() *huma.Param {
	p := &huma.Param{Name: f.name, In: f.in, Description: f.doc, Required: f.needed, Schema: f.schema}
	if f.schema.Type == huma.TypeArray {
		explode := false
		p.Style, p.Explode = "form", &explode
	}
	return p
}

// Ops returns the plain data of the entries that edges and load tools know of, in the order given.
func Ops(entries []Entry) []op.Op {
	var ops []op.Op
	for _, e := range entries {
		if e.Serve != internal {
			ops = append(ops, e.Op)
		}
	}
	return ops
}

// Conflicts reports entries that share an id, or a method and path.
func Conflicts(entries []Entry) error {
	seen := map[string]string{}
	for _, e := range entries {
		for _, key := range []string{e.ID, e.Method + " " + e.Path} {
			if other := seen[key]; other != "" {
				return fmt.Errorf("%s and %s are both %s", other, cmp.Or(e.ID, key), key)
			}
			seen[key] = e.ID
		}
	}
	return nil
}
