package sign

import "testing"

func TestSmoke(t *testing.T) {
	c, err := Parse([]byte(`{"cdns":[{"name":"own","paths":["/"],"base_url":"https://media.example.com","signer":"hmac","keys":[{"id":"a","secret":"000102030405060708090a0b0c0d0e0f"}]}]}`))
	if err != nil || c.For("/vod/abc/master.m3u8") == nil || c.Verifier() == nil {
		t.Fatal(c, err)
	}
	_, err = Parse([]byte(`{"cdns":[{"paths":["/"],"bas":"https://media.example.com","signer":"hmac","keys":[{"id":"","secret":"00010203"}, 7]}, {"signer":"x"}], "e":1}`))
	t.Log(err)
}
