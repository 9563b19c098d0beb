package registry

import (
	"net/http"
	"strings"
)

// challenge is how a registry wants requests to be signed.
type challenge struct {
	scheme     string // basic or bearer; empty: none that is known here
	parameters map[string]string
}

// challengeOf returns the first challenge of an answer that can be met.
func challengeOf(h http.Header) challenge {
	for _, line := range h.Values("WWW-Authenticate") {
		for _, c := range parseChallenges(line) {
			if c.scheme == "basic" || c.scheme == "bearer" {
				return c
			}
		}
	}
	return challenge{}
}

// tokenChars are those of a token (RFC 9110, section 5.6.2).
const tokenChars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// parseChallenges reads a line of challenges (RFC 9110, section 11.6.1): commas
// part them, and the parameters of each. What cannot be read is left out.
func parseChallenges(line string) []challenge {
	var all []challenge
	for line != "" {
		line = strings.TrimLeft(line, " \t,")
		word, rest := cutToken(line)
		value, after, isParameter := cutValue(rest)
		switch {
		case word == "", isParameter && len(all) == 0:
			_, line, _ = strings.Cut(line, ",")
		case isParameter:
			all[len(all)-1].parameters[strings.ToLower(word)] = value
			line = after
		default:
			all = append(all, challenge{strings.ToLower(word), map[string]string{}})
			line = rest
		}
	}
	return all
}

func cutToken(s string) (token, rest string) {
	rest = strings.TrimLeft(s, tokenChars)
	return s[:len(s)-len(rest)], rest
}

// cutValue reads what follows a parameter's name: an equals sign, and a token or
// a string in quotes. An open string ends nowhere, and is no value.
func cutValue(s string) (value, rest string, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimLeft(s, " \t"), "=")
	s = strings.TrimLeft(s, " \t")
	if !ok || !strings.HasPrefix(s, `"`) {
		value, rest = cutToken(s)
		return value, rest, ok
	}
	var text strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return text.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		text.WriteByte(s[i])
	}
	return "", "", false
}
