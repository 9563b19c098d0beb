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
