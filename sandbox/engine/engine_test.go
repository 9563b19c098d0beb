package engine

import (
	"errors"
	"testing"
)

func TestUnavailableError(t *testing.T) {
	cause := errors.New("cause")
	e := &UnavailableError{Engine: "x", Reason: "down", Remedy: "start it", Err: cause}
	if e.Error() != "x does not answer: down" || e.Hint() != "start it" || !errors.Is(e, cause) {
		t.Errorf("%v, %s", e, e.Hint())
	}
	if (&UnavailableError{}).Unwrap() != nil {
		t.Error("a cause where there is none")
	}
}
