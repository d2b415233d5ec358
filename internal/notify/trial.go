package notify

import (
	"context"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// Trial is what came of a test message.
type Trial struct {
	Message int64 // in the ledger
	At      time.Time
	Took    time.Duration
	Code    int    // of the answer; 0: there was none
	Said    string // the first bytes of the answer
	Error   string // "": it arrived
}

// Arrived tells whether the other side took the message.
func (t Trial) Arrived() bool { return t.Error == "" }

// Trials keeps test messages in the ledger.
type Trials interface {
	// BeginTrial writes a test message, which counts as failed until it is known to have arrived, and returns it with
	// the webhook's address and secret. Errors: KindNotFound.
	BeginTrial(ctx context.Context, w Webhook, c Change) (Letter, error)
	// EndTrial writes down what came of it.
	EndTrial(ctx context.Context, t Trial) error
}

// Messenger carries one letter at once; Post does.
type Messenger interface {
	// Try carries a letter and says what was answered.
	Try(ctx context.Context, l Letter) Trial
}

// Test sends a webhook a signed message of the type webhook.test now, by the way that all its messages go, also when it
// is switched off. It waits for the answer; nobody tries again. The message stays in the ledger. Errors: KindNotFound.
func (s *Service) Test(ctx context.Context, who actor.Actor, webhook int64) (Trial, error) {
	w, err := s.Webhook(ctx, who, webhook)
	if err != nil {
		return Trial{}, err
	}
	if s.trials == nil {
		return Trial{}, errs.Unavailable("this Brigade sends no webhooks")
	}
	c := Change{
		Tenant: who.Tenant, Outlet: w.Outlet, Kind: Test, At: time.Now().UTC().Truncate(time.Microsecond), Facts: Facts{ChangedBy: who.Name},
	}
	letter, err := s.trials.BeginTrial(ctx, w, c)
	if err != nil {
		return Trial{}, err
	}
	t := s.messenger.Try(ctx, letter)
	return t, s.trials.EndTrial(ctx, t)
}

// Tries lets the service send test messages.
func (s *Service) Tries(rows Trials, by Messenger) { s.trials, s.messenger = rows, by }

// Try implements Messenger.
func (p *Post) Try(ctx context.Context, l Letter) Trial {
	t := Trial{Message: l.ID, At: time.Now()}
	l.Hear = func(said string) { t.Said = said }
	a := p.carry(ctx, l)
	t.Took, t.Code = a.took, a.code
	if a.err != nil {
		t.Error = a.err.Error()
	}
	t.Said = strings.ToValidUTF8(t.Said, "\uFFFD")
	return t
}
