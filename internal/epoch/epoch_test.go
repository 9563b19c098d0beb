package epoch_test

import (
	"testing"

	"github.com/vessux/openlock/internal/epoch"
)

func TestOf(t *testing.T) {
	for text, want := range map[string]int64{
		"FROM scratch\nARG SOURCE_DATE_EPOCH=1785801600\n":                               1785801600,
		"ARG SOURCE_DATE_EPOCH=1785801600\nFROM scratch\nARG SOURCE_DATE_EPOCH\n":        1785801600,
		"FROM scratch\r\narg SOURCE_DATE_EPOCH=\"12\"\r\nUSER x":                         12,
		"FROM scratch\nARG A=1 SOURCE_DATE_EPOCH=7\n":                                    7,
		"FROM scratch\nARG A=1 \\\n  SOURCE_DATE_EPOCH=7\n":                              7,
		"# escape=`\nFROM scratch\nARG A=1 `\n  SOURCE_DATE_EPOCH=7\n":                   7,
		"ARG T=12\nFROM scratch\nARG T\nARG SOURCE_DATE_EPOCH=${T}\n":                    12,
		"FROM scratch\nENV T=12\nARG SOURCE_DATE_EPOCH=$T\n":                             12,
		"FROM scratch\nARG SOURCE_DATE_EPOCH=12\nFROM scratch\nARG SOURCE_DATE_EPOCH=12": 12,
		"FROM scratch\n":                                             0,
		"FROM scratch\nARG SOURCE_DATE_EPOCH\n":                      0,
		"# ARG SOURCE_DATE_EPOCH=12\nFROM scratch\n":                 0,
		"FROM scratch\nRUN x \\\nARG SOURCE_DATE_EPOCH=1\n":          0,
		"FROM scratch\nARG source_date_epoch=12\n":                   0,
		"FROM scratch\nARG SOURCE_DATE_EPOCH=tomorrow\n":             -1,
		"FROM scratch\nARG SOURCE_DATE_EPOCH=-1\n":                   -1,
		"FROM scratch\nARG SOURCE_DATE_EPOCH=253402300800\n":         -1,
		"FROM scratch\nARG SOURCE_DATE_EPOCH=$T\n":                   -1,
		"ARG SOURCE_DATE_EPOCH=1\nFROM x\nARG SOURCE_DATE_EPOCH=2\n": -1,
		"FROM scratch\nOOPS\n":                                       -1,
		"":                                                           -1,
	} {
		got, err := epoch.Of([]byte(text))
		if want < 0 != (err != nil) || err == nil && got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
}

// FuzzOf: no text gives a time that BuildKit or podman would not take.
func FuzzOf(f *testing.F) {
	for _, s := range []string{
		"FROM scratch\nARG SOURCE_DATE_EPOCH=1785801600\n", "FROM a AS b\nARG X\nARG SOURCE_DATE_EPOCH='0'\r\n",
		"ARG A=1 SOURCE_DATE_EPOCH=${A}\nFROM x", "\xff\xfe", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := epoch.Of(b); err == nil && (e < 0 || e > 253402300799) {
			t.Errorf("%q: %d", b, e)
		}
	})
}
