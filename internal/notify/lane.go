package notify

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"brigade/internal/errs"
)

// Parcel is a message ready to be carried.
type Parcel struct {
	ID      string // the same in every attempt
	Order   int64  // that it tells of
	Attempt int    // from 1
	To      string // URL, address or number
	Subject string // e-mail only
	Body    []byte
	Header  map[string]string // webhooks only
	Hear    func(said string) // webhooks only: gets the first bytes of the answer; nil: nobody listens
}

// Carrier brings parcels to the outside, within a time of its own. It returns the code of the answer, 0 without any.
// Errors: KindUnavailable when the other side is away, overloaded or too slow (nothing else would arrive either; After
// says when to come back), KindNotFound when it says that it is gone for good; all others concern this parcel alone,
// and errs.Permanent those that will never arrive.
type Carrier interface {
	Carry(ctx context.Context, p Parcel) (code int, err error)
}

// Letter is a message with what is needed to send it.
type Letter struct {
	Message
	URL    string // webhooks only
	Secret string
	Hear   func(said string) // gets the first bytes of the answer; nil: nobody listens
}

// Round is what a lane has to do next.
type Round struct {
	Letters  []Letter      // at most one per order and recipient: the oldest that waits, and is due
	Wait     time.Duration // without letters: until one is due
	Done     bool          // nothing waits: the lane rests
	Failures int           // rounds in a row in which nothing could be sent
	Failing  time.Duration // for how long
}

// Result is what came of one attempt.
type Result struct {
	Message int64
	Attempt int
	Took    time.Duration
	Code    int
	Error   string        // "": it arrived
	GiveUp  bool          // with Error: no further attempt
	RetryIn time.Duration // with Error: until the next
}

// Report is what came of a round.
type Report struct {
	Lane     string
	Results  []Result
	PauseFor time.Duration // the other side is away: nothing is tried for so long
	Failed   bool          // nothing arrived
	Disable  string        // why the webhook is switched off; "": it is not
}

// Turn is the right to work on a lane.
type Turn struct {
	Number int64
	Job    int64 // which has it
}

// Lanes keeps what waits.
type Lanes interface {
	// Next returns what a lane has to do. A turn that is over gets Done.
	Next(ctx context.Context, lane string, turn Turn, limit int) (Round, error)
	// Record writes down what came of a round, in one transaction.
	Record(ctx context.Context, r Report) error
}

// Policy says how patient sending is. Zero fields take their defaults.
type Policy struct {
	Backoff      time.Duration // before the second attempt of a message, doubled with each; 5 s
	MaxBackoff   time.Duration // 1 h
	Attempts     int           // then a message is given up; 15
	Pause        time.Duration // of a lane whose other side is away, doubled with each round; 2 s
	MaxPause     time.Duration // 5 min
	DisableAfter int           // a webhook is switched off after so many failed rounds in a row, …; 20
	DisableOver  time.Duration // … when they took so long; 24 h
	AtOnce       int           // messages under way in one lane; 8
	Doubtful     int           // lanes at work at a time whose other side did not answer the last time; 50
	Budget       time.Duration // of one run, then other lanes have their turn; 10 s
}

func (p Policy) withDefaults() Policy {
	setDefault(&p.Backoff, 5*time.Second)
	setDefault(&p.MaxBackoff, time.Hour)
	setDefault(&p.Attempts, 15)
	setDefault(&p.Pause, 2*time.Second)
	setDefault(&p.MaxPause, 5*time.Minute)
	setDefault(&p.DisableAfter, 20)
	setDefault(&p.DisableOver, 24*time.Hour)
	setDefault(&p.AtOnce, 8)
	setDefault(&p.Doubtful, 50)
	setDefault(&p.Budget, 10*time.Second)
	return p
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Post sends what waits in lanes.
type Post struct {
	lanes    Lanes
	carriers map[Channel]Carrier
	policy   Policy
	log      *slog.Logger
	link     func(tenant, order int64) string // where a guest follows his order; "": nowhere
	zone     func(tenant, outlet int64) *time.Location
	doubtful chan struct{} // places for lanes that failed: those who answer do not wait for those who do not
}

// NewPost returns a post with a carrier for each channel that it can send by.
func NewPost(lanes Lanes, carriers map[Channel]Carrier, policy Policy, log *slog.Logger) *Post {
	policy = policy.withDefaults()
	return &Post{lanes: lanes, carriers: carriers, policy: policy, log: log, doubtful: make(chan struct{}, policy.Doubtful)}
}

// Link lets messages to guests say where they follow their orders; "" is nowhere. It is called before the first message.
func (p *Post) Link(to func(tenant, order int64) string) { p.link = to }

// Zone lets messages to people say times as an outlet's clock shows them; of an outlet whose clock nobody knows (nil) they say
// none. It is called before the first message.
func (p *Post) Zone(of func(tenant, outlet int64) *time.Location) { p.zone = of }

// told are the facts of a change as its outlet's clock shows their time.
func (p *Post) told(c Change) Facts {
	f := c.Facts
	if f.ExpectedAt == nil || p.zone == nil {
		return f
	}
	at := p.zone(c.Tenant, c.Outlet)
	if at == nil {
		f.ExpectedAt = nil
		return f
	}
	there := f.ExpectedAt.In(at)
	f.ExpectedAt = &there
	return f
}

// Channels lists the channels that this post can send by.
func (p *Post) Channels() []Channel {
	var list []Channel
	for c := range p.carriers {
		list = append(list, c)
	}
	return list
}

var errWaits = errors.New("messages wait")

// Work sends what is due in a lane, oldest first for each order and recipient. It returns nil when nothing waits any
// more, and an error marked by errs.RetryAfter when it must come back. It holds no transaction while it sends.
func (p *Post) Work(ctx context.Context, lane string, turn Turn) error {
	for began := time.Now(); ; {
		round, err := p.lanes.Next(ctx, lane, turn, p.policy.AtOnce*4)
		switch {
		case err != nil:
			return errs.RetryAfter(time.Second, err) // Postgres is away: that is no failure of the message
		case round.Done:
			return nil
		case len(round.Letters) == 0 && (round.Wait > nap || !pass(ctx, round.Wait)):
			return errs.RetryAfter(round.Wait, errWaits)
		case len(round.Letters) == 0:
			continue
		}
		report, ok := p.turn(ctx, lane, round)
		if !ok {
			return errs.RetryAfter(backoff(p.policy.Pause, p.policy.Pause, 1), errWaits)
		}
		if err := p.lanes.Record(ctx, report); err != nil {
			return errs.RetryAfter(time.Second, err)
		}
		if ctx.Err() != nil || time.Since(began) > p.policy.Budget {
			return errs.RetryAfter(0, errWaits)
		}
	}
}

// turn sends a round, unless its other side failed the last time and too many such are at work already.
func (p *Post) turn(ctx context.Context, lane string, round Round) (Report, bool) {
	if round.Failures == 0 {
		return p.send(ctx, lane, round), true
	}
	select {
	case p.doubtful <- struct{}{}:
		defer func() { <-p.doubtful }()
		return p.send(ctx, lane, round), true
	default:
		return Report{}, false
	}
}

// nap is a wait that is not worth a job of its own.
const nap = 250 * time.Millisecond

// pass lets time pass; it returns false when ctx ends before.
func pass(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// send carries the letters of a round, some at once. A side that failed before gets a single one to begin with; once
// it turns out to be away, the rest is kept for later.
func (p *Post) send(ctx context.Context, lane string, round Round) Report {
	letters := round.Letters
	if round.Failures > 0 {
		letters = letters[:1]
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	attempts := make([]attempt, len(letters))
	var wg sync.WaitGroup
	free := make(chan struct{}, p.policy.AtOnce)
	for i, l := range letters {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-free }()
			if attempts[i] = p.carry(ctx, l); away(attempts[i].err) {
				cancel()
			}
		})
	}
	wg.Wait()
	return p.report(lane, round, letters, attempts)
}

// attempt is what came of carrying one letter.
type attempt struct {
	made bool
	took time.Duration
	code int
	err  error
}

func (p *Post) carry(ctx context.Context, l Letter) attempt {
	carrier := p.carriers[l.Channel]
	if carrier == nil {
		return attempt{made: true, err: errs.Permanent(errors.New("this Brigade cannot send by " + string(l.Channel)))}
	}
	began := time.Now()
	code, err := carrier.Carry(ctx, p.parcel(l, began))
	// What was cut short because another letter found the side away is not an attempt of this one.
	return attempt{made: err == nil || ctx.Err() == nil || away(err) && !errors.Is(err, context.Canceled), took: time.Since(began), code: code, err: err}
}

// parcel writes the message for its channel.
func (p *Post) parcel(l Letter, at time.Time) Parcel {
	if l.Channel == ByWebhook {
		body := l.body()
		return Parcel{ID: l.key(), Order: l.Change.Facts.OrderID, Attempt: l.Attempts + 1, To: l.URL, Body: body, Header: Sign(l.Secret, l.key(), at, body), Hear: l.Hear}
	}
	subject, body := Render(l.Language, l.Change.Kind, p.told(l.Change))
	if p.link != nil && slices.Contains(worthFollowing, l.Change.Kind) {
		body = followed(l.Language, body, p.link(l.Change.Tenant, l.Change.Facts.OrderID))
	}
	return Parcel{ID: l.key(), Order: l.Change.Facts.OrderID, Attempt: l.Attempts + 1, To: l.Recipient, Subject: subject, Body: []byte(body)}
}

func away(err error) bool { return errs.Is(err, errs.KindUnavailable) }

func (p *Post) report(lane string, round Round, letters []Letter, attempts []attempt) Report {
	r := Report{Lane: lane, Failed: true}
	for i, a := range attempts {
		if !a.made {
			continue
		}
		result := p.result(letters[i], a)
		r.Results = append(r.Results, result)
		r.Failed = r.Failed && a.err != nil
		if away(a.err) {
			r.PauseFor = max(r.PauseFor, p.pause(round.Failures, a.err))
		}
		if letters[i].Channel == ByWebhook && errs.Is(a.err, errs.KindNotFound) {
			r.Disable = "it answered that it is gone"
		}
	}
	r.Failed = r.Failed && len(r.Results) > 0
	webhook := letters[0].Channel == ByWebhook
	if webhook && r.Failed && round.Failures+1 >= p.policy.DisableAfter && round.Failing >= p.policy.DisableOver && r.Disable == "" {
		r.Disable = "it took nothing for too long"
	}
	if r.Disable != "" {
		p.log.Warn("a webhook was switched off", "action", "webhook_disabled", "lane", lane, "reason", r.Disable)
	}
	return r
}

func (p *Post) result(l Letter, a attempt) Result {
	r := Result{Message: l.ID, Attempt: l.Attempts + 1, Took: a.took, Code: a.code}
	if a.err == nil {
		return r
	}
	r.Error = a.err.Error()
	r.GiveUp = errs.IsPermanent(a.err) || r.Attempt >= p.policy.Attempts
	r.RetryIn = backoff(p.policy.Backoff, p.policy.MaxBackoff, r.Attempt)
	p.log.Info("a message did not arrive", "action", "notify_failed", "order_number", l.Change.Facts.Number,
		"kind", l.Change.Kind, "recipient", l.Masked(), "attempt", r.Attempt, "given_up", r.GiveUp, "reason", r.Error)
	return r
}

func (p *Post) pause(failures int, err error) time.Duration {
	d := backoff(p.policy.Pause, p.policy.MaxPause, failures+1)
	if e, ok := errors.AsType[*errs.Error](err); ok {
		d = max(d, min(e.After, p.policy.MaxBackoff))
	}
	return d
}

// backoff is how long to wait after the n-th failure, from 1: doubled each time up to a limit, a quarter more or less.
func backoff(first, longest time.Duration, n int) time.Duration {
	d := min(float64(longest), float64(first)*math.Exp2(float64(n-1)))
	return time.Duration(d * (0.75 + rand.Float64()/2))
}
