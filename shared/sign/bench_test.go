package sign

import "testing"

type bench struct{ name, fields string }

func benched(b *testing.B) []bench {
	ecdsa, _ := ofECDSA(b)
	return []bench{
		{"hmac", ofKeys("a:" + secretA)},
		{"akamai", akamaiFields},
		{"cloudfront-canned", cloudFrontFields + `, "policy": "canned"`},
		{"cloudfront-custom", cloudFrontFields + `, "policy": "custom"`},
		{"cloudfront-ecdsa", ecdsa},
		{"cat", catFields},
	}
}

func BenchmarkSign(b *testing.B) {
	for _, s := range benched(b) {
		b.Run(s.name, func(b *testing.B) {
			signer, target := configured(b, s.fields).For("/").Signer, film()
			var url []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if url, err = signer.AppendURL(url[:0], target); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "signs/s")
		})
	}
}

func BenchmarkSignParallel(b *testing.B) {
	for _, s := range benched(b) {
		b.Run(s.name, func(b *testing.B) {
			signer := configured(b, s.fields).For("/").Signer
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				target := film()
				var url []byte
				for pb.Next() {
					var err error
					if url, err = signer.AppendURL(url[:0], target); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "signs/s")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	c := configured(b, ofKeys("a:"+secretA))
	path, query := split(b, signed(b, c, recording()))
	v := c.Verifier()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := v.Verify(path, query, early, viewer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFor(b *testing.B) {
	c := configured(b, ofKeys("a:"+secretA))
	b.ReportAllocs()
	for b.Loop() {
		if c.For("/vod/abc/hd/master.m3u8") == nil {
			b.Fatal("not found")
		}
	}
}
