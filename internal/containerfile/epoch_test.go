package containerfile

import "testing"

func TestEpoch(t *testing.T) {
	for text, want := range map[string]int64{
		"FROM scratch\nARG SOURCE_DATE_EPOCH=1785801600\n":       1785801600,
		"FROM scratch\r\narg SOURCE_DATE_EPOCH=\"12\"\r\nUSER x": 12,
		"  ARG  SOURCE_DATE_EPOCH=7":                             7,
		"FROM scratch\n":                                         0,
		"# ARG SOURCE_DATE_EPOCH=12\n":                           0,
		"ARG SOURCE_DATE_EPOCH\n":                                0,
		"ARG SOURCE_DATE_EPOCH=tomorrow\n":                       0,
		"ARG SOURCE_DATE_EPOCH=1234567890123\n":                  0,
	} {
		if got := Epoch([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// FuzzEpoch: no text gives a time that BuildKit or podman would not take.
func FuzzEpoch(f *testing.F) {
	for _, s := range []string{
		"FROM scratch\nARG SOURCE_DATE_EPOCH=1785801600\n", "arg source_date_epoch=\"7\"", "ARG SOURCE_DATE_EPOCH=999999999999",
		"FROM a AS b\nARG X\nARG SOURCE_DATE_EPOCH='0'\r\n", "RUN x \\\nARG SOURCE_DATE_EPOCH=1", "\xff\xfe", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if e := Epoch(b); e < 0 || e > 999_999_999_999 {
			t.Errorf("%q: %d", b, e)
		}
	})
}
