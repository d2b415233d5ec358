package page

import (
	"encoding/json"
	"net/http"

	"brigade/internal/errs"
)

// What becomes of a tap. One that is to be sent again was not carried out, as far as anybody knows.
const (
	tapDone     = "done"
	tapRepeated = "repeated" // it was carried out before
	tapRefused  = "refused"
	tapAgain    = "again"
)

// Settled is what a screen is told of a tap, by the tap's key.
type Settled struct {
	Key     string `json:"key"`
	Outcome string `json:"outcome"`
	Why     string `json:"why"` // it was refused
}

// Settled says what became of a tap by the error that it ended with.
func (k *Kit) Settled(r *http.Request, key string, repeated bool, err error) Settled {
	switch {
	case repeated:
		return Settled{key, tapRepeated, ""}
	case err == nil:
		return Settled{key, tapDone, ""}
	case errs.Is(err, errs.KindUnavailable) || errs.Is(err, errs.KindUnknown) || errs.Is(err, errs.KindTooMany):
		return Settled{key, tapAgain, Sentence(Language(r), err)}
	}
	if errs.Is(err, errs.KindInternal) { // the device forgets it, and says that it was written to the log
		k.Log.ErrorContext(r.Context(), "a tap failed", "action", "tap_failed", "key", key, "error", err)
	}
	return Settled{key, tapRefused, Sentence(Language(r), err)}
}

const maxTaps = 100 // at once

// SettleTaps carries out what a screen has gathered without a network, in its order. After a tap that must be sent again nothing
// is tried: it might have been meant to come first. Errors: KindMalformed.
func SettleTaps[T any](w http.ResponseWriter, r *http.Request, settle func(T) Settled) error {
	var taps []T
	if err := json.NewDecoder(r.Body).Decode(&taps); err != nil || len(taps) > maxTaps {
		return errs.Malformed("send a list of at most %d taps as JSON", maxTaps)
	}
	answers := make([]Settled, 0, len(taps))
	for _, t := range taps {
		done := settle(t)
		answers = append(answers, done)
		if done.Outcome == tapAgain {
			break
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(answers)
}
