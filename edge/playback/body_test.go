package playback

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"encora/shared/fault"
)

const sid = "0190a6e0-0000-7000-8000-0000000000c3"

func named(details []fault.Detail) []string {
	out := []string{}
	for _, d := range details {
		out = append(out, d.Field+" "+d.Code)
	}
	slices.Sort(out)
	return out
}

func TestRead(t *testing.T) {
	f := func(body string, position int32, paused bool) {
		t.Helper()
		b, faults := Read([]byte(body))
		if len(faults.Unreadable)+len(faults.Invalid) > 0 || b != (Beat{Session: uuid.MustParse(sid), Position: position, Paused: paused}) {
			t.Errorf("%s: %+v %+v", body, b, faults)
		}
	}
	f(`{"session_id":"`+sid+`","position_seconds":0}`, 0, false)
	f(`{"session_id":"`+strings.ToUpper(sid)+`","position_seconds":31536000,"is_paused":true}`, 31536000, true)
	f(` { "is_paused" : false , "position_seconds" : 1.0 , "session_id" : "`+sid+`" } `+"\r\n\t", 1, false)
	f(`{"session_id":"`+sid+`","position_seconds":1e2}`, 100, false)
	f(`{"session_id":"`+sid+`","position_seconds":12.5e1}`, 125, false)
	f(`{"session_id":"`+sid+`","position_seconds":-0}`, 0, false)
	f(`{"session\u005fid":"\u0030`+sid[1:]+`","position_seconds":7}`, 7, false)
}

func TestReadNamesEveryFault(t *testing.T) {
	f := func(body string, named_ bool, unreadable, invalid []string) {
		t.Helper()
		_, faults := Read([]byte(body))
		slices.Sort(unreadable)
		slices.Sort(invalid)
		if got := named(faults.Unreadable); !slices.Equal(got, unreadable) {
			t.Errorf("%.200q: unreadable %q, want %q", body, got, unreadable)
		}
		if got := named(faults.Invalid); !slices.Equal(got, invalid) {
			t.Errorf("%.200q: invalid %q, want %q", body, got, invalid)
		}
		if faults.Named != named_ {
			t.Errorf("%.200q: names a session: %v", body, faults.Named)
		}
	}
	all := func(s ...string) []string { return s }
	malformed := all("body malformed")
	for _, body := range []string{"", " \n", "x", "{", `{"session_id":}`, `{} {}`, `{}x`, `[]`, `"x"`, `null`, `7`, "{\"session_id\":\"\xff\"}", "{\"\xff\":1}", "\ufeff{}",
		`{"position_seconds":01}`, `{"position_seconds":+1}`, `{"position_seconds":.5}`, `{"position_seconds":0x1}`, `{"position_seconds":NaN}`, `{"a":1,}`, `{'a':1}`, "{\"a\":\"\n\"}",
		strings.Repeat("[", 20_000), `{"a":` + strings.Repeat("[", 2000), `{"a":1} // comment`, `{"session_id":"` + sid + `","position_seconds":1}` + "\x00"} {
		f(body, false, malformed, nil)
	}
	missing := all("session_id required", "position_seconds required")
	f(`{}`, false, nil, missing)
	f(`{"is_paused":true}`, false, nil, missing)
	f(`{"Session_ID":"`+sid+`","positionSeconds":1}`, false, all("Session_ID unknown_field", "positionSeconds unknown_field"), missing)
	f(`{"session_id":"`+sid+`"}`, true, nil, all("position_seconds required"))
	f(`{"position_seconds":3}`, false, nil, all("session_id required"))
	f(`{"session_id":null,"position_seconds":null,"is_paused":null}`, false, all("session_id wrong_type", "position_seconds wrong_type", "is_paused wrong_type"), nil)
	f(`{"session_id":7,"position_seconds":"7","is_paused":0}`, false, all("session_id wrong_type", "position_seconds wrong_type", "is_paused wrong_type"), nil)
	f(`{"session_id":{},"position_seconds":[1],"is_paused":"true"}`, false, all("session_id wrong_type", "position_seconds wrong_type", "is_paused wrong_type"), nil)
	f(`{"session_id":"x","position_seconds":-1,"is_paused":true,"x":{"y":[1]},"is_paused":false,"x":1}`, false,
		all("x unknown_field", "x unknown_field", "is_paused repeated"), all("session_id invalid_format", "position_seconds out_of_range"))
	f(`{"session_id":"`+sid+`","session\u005fid":"`+sid+`","position_seconds":1}`, true, all("session_id repeated"), nil)
	for _, id := range []string{"", "x", "{" + sid + "}", "urn:uuid:" + sid, strings.ReplaceAll(sid, "-", ""), sid + " ", sid[:35], sid[:35] + "g", `\ud800`, strings.ReplaceAll(sid, "-", "_")} {
		f(`{"session_id":"`+id+`","position_seconds":1}`, false, nil, all("session_id invalid_format"))
	}
	for number, code := range map[string]string{"-1": "out_of_range", "31536001": "out_of_range", "1e400": "out_of_range", "-1e400": "out_of_range", "1e19": "out_of_range", "-1e19": "out_of_range",
		"99999999999999999999": "out_of_range", "4294967296": "out_of_range", "2147483648": "out_of_range"} {
		f(`{"session_id":"`+sid+`","position_seconds":`+number+`}`, true, nil, all("position_seconds "+code))
	}
	for _, number := range []string{"1.5", "0.1", "-0.5", "31536001.5", "1e-1", `"1"`, "true", "false", "{}"} {
		f(`{"session_id":"`+sid+`","position_seconds":`+number+`}`, true, all("position_seconds wrong_type"), nil)
	}
}

func TestReadPlain(t *testing.T) {
	f := func(body string, ok bool, position int32, paused bool) {
		t.Helper()
		b, plain := ReadPlain([]byte(body))
		if plain != ok || ok && b != (Beat{Session: uuid.MustParse(sid), Position: position, Paused: paused}) {
			t.Errorf("%s: %v %+v", body, plain, b)
		}
	}
	f(`{"session_id":"`+sid+`","position_seconds":0}`, true, 0, false)
	f(`{"is_paused":true,"position_seconds":31536000,"session_id":"`+strings.ToUpper(sid)+`"}`, true, 31536000, true)
	f(" {\n\t\"session_id\" : \""+sid+"\" , \"position_seconds\" : 42 , \"is_paused\" : false } \r\n", true, 42, false)
	for _, body := range []string{"", "{", "{}", "[]", "null", `{"session_id":"` + sid + `"}`, `{"position_seconds":1}`, `{"session_id":"` + sid + `","position_seconds":1,}`,
		`{,"session_id":"` + sid + `","position_seconds":1}`, `{"session_id":"` + sid + `" "position_seconds":1}`, `{"session_id":"` + sid + `","position_seconds":1}}`,
		`{"session_id":"` + sid + `","position_seconds":1}{}`, `{"session_id":"` + sid + `","position_seconds":1} x`, `{"session_id":"` + sid + `","position_seconds":1}` + "\x00",
		`{"session_id":"` + sid + `","session_id":"` + sid + `","position_seconds":1}`, `{"session_id":"` + sid + `","position_seconds":1,"position_seconds":1}`,
		`{"session_id":"` + sid + `","position_seconds":1,"is_paused":null}`, `{"session_id":"` + sid + `","position_seconds":1,"is_paused":truefalse}`,
		`{"session_id":"` + sid + `","position_seconds":1,"is_paused":TRUE}`, `{"session_id":"` + sid + `","position_seconds":1,"x":1}`,
		`{"session_id":"` + sid[:35] + `","position_seconds":1}`, `{"session_id":"` + strings.ReplaceAll(sid, "-", "x") + `","position_seconds":1}`, `{"session_id":"` + sid + `,"position_seconds":1}`} {
		f(body, false, 0, false)
	}
	for _, number := range []string{"-1", "01", "00", "1.0", "1e2", "1E2", "31536001", "9999999999", "18446744073709551617", "", "x", "1x", `"1"`, "1 2"} {
		f(`{"session_id":"`+sid+`","position_seconds":`+number+`}`, false, 0, false)
	}
}

// FuzzReadPlain holds the short way against the long one: what it takes is what Read takes, and means the same.
func FuzzReadPlain(f *testing.F) {
	for _, body := range []string{`{"session_id":"` + sid + `","position_seconds":12}`, `{"is_paused":true,"session_id":"` + sid + `","position_seconds":0}`, `{"session_id":"` + sid + `","position_seconds":1,"is_paused":false} `,
		`{"session_id":"` + sid + `","position_seconds":1.0}`, `{"session_id":"` + sid + `","position_seconds":31536001}`, `{"session\u005fid":"` + sid + `"}`, `{"session_id":"` + sid + `","session_id":"` + sid + `"}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fast, ok := ReadPlain(body)
		b, faults := Read(body)
		clean := len(faults.Unreadable)+len(faults.Invalid) == 0
		if ok && (!clean || fast != b) {
			t.Fatalf("%q: %+v, and %+v with %+v", body, fast, b, faults)
		}
		if clean && (b.Session == uuid.UUID{} && !strings.Contains(strings.ToLower(string(body)), "0000") || b.Position < 0) {
			t.Fatalf("%q: no fault in %+v", body, b)
		}
	})
}

func BenchmarkReadPlain(b *testing.B) {
	body := fmt.Appendf(nil, `{"session_id":"%s","position_seconds":%d,"is_paused":false}`, sid, 1234)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ReadPlain(body); !ok {
			b.Fatal("not plain")
		}
	}
}
