package app

import (
	"context"
	"net/url"
	"time"

	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/job"
	"brigade/internal/lease"
	"brigade/internal/notify"
	"brigade/internal/notify/notifypg"
	"brigade/internal/order"
	"brigade/internal/post"
	"brigade/internal/store"
)

const (
	notifyDuty   = "notify"             // what nodes with the role jobs take a lease for
	notifyIntake = notifyDuty + ":sink" // the lease of who reads the log for messages
	carryIn      = 10 * time.Second     // the time of one call
)

// sendLane is the job that sends what waits in a lane.
type sendLane struct {
	Lane string `json:"lane"`
	Turn int64  `json:"turn"`
}

// Kind implements job.Args.
func (sendLane) Kind() string { return "notify_lane" }

// Queue implements job.Routed.
func (sendLane) Queue() job.Queue { return job.Notify }

// buildNotify makes the ledger, in every process, and who sends what it holds.
func (a *App) buildNotify() error {
	carriers, err := a.carriers()
	if err != nil {
		return err
	}
	channels := []notify.Channel{}
	for c := range carriers {
		channels = append(channels, c)
	}
	if a.cfg.Notify.Console {
		channels = append(channels, notify.Console)
	}
	a.ledger = notifypg.New(a.pool, notifypg.Parts{Enqueue: a.enqueueLanes, Hasten: a.jobs.Hasten, Channels: channels})
	office := notify.NewPost(a.ledger, carriers, a.cfg.Patience, a.log)
	office.Link(a.links.URL)
	office.Zone(a.clockOf)
	job.Register(a.workers, func(ctx context.Context, s sendLane, try job.Try) error {
		return office.Work(ctx, s.Lane, notify.Turn{Number: s.Turn, Job: try.ID})
	})
	guard := post.GuardURL
	if a.cfg.Notify.PrivateWebhooks {
		guard = func(context.Context, *url.URL) error { return nil }
	}
	a.notices = notify.NewService(a.ledger, guard)
	a.notices.Tries(a.ledger, office)
	return nil
}

// clockOf is the zone of an outlet; nil when nobody can tell it just now.
func (a *App) clockOf(tenant, outlet int64) *time.Location {
	ctx, cancel := context.WithTimeout(context.Background(), carryIn)
	defer cancel()
	o, err := a.tenants.Outlet(ctx, tenant, outlet)
	if err != nil {
		a.log.WarnContext(ctx, "a message says no time: its outlet's clock is not known", "action", "notify_no_zone", "outlet", outlet, "error", err)
		return nil
	}
	return o.Timezone
}

// carriers are the ways out that this Brigade has.
func (a *App) carriers() (map[notify.Channel]notify.Carrier, error) {
	n := a.cfg.Notify
	hook := post.NewHook(carryIn, n.PrivateWebhooks)
	a.onStop("webhooks", func(context.Context) error { hook.Close(); return nil })
	carriers := map[notify.Channel]notify.Carrier{notify.ByWebhook: hook}
	if n.Mail != "" {
		mail, err := post.NewMail(n.Mail.Reveal(), n.MailFrom, carryIn)
		if err != nil {
			return nil, err
		}
		carriers[notify.ByEmail], a.letters = mail, mail
	}
	if n.SMS != "" {
		texts := post.NewTexts(post.TextOptions{
			URL: n.SMS.Reveal(), Body: n.SMSBody, Authorization: n.SMSAuth.Reveal(), Timeout: carryIn,
		})
		a.onStop("text messages", func(context.Context) error { texts.Close(); return nil })
		carriers[notify.ByText] = texts
	}
	for channel, c := range carriers {
		carriers[channel] = tracedCarrier{c, channel, a.traces}
	}
	return carriers, nil
}

func (a *App) enqueueLanes(ctx context.Context, tx store.Tx, turns []notifypg.Turn) error {
	jobs := make([]job.Routed, len(turns))
	for i, t := range turns {
		jobs[i] = sendLane{t.Lane, t.Turn}
	}
	return a.jobs.InsertMany(ctx, tx, jobs)
}

// notifySink reads the log into the ledger. A batch that comes again changes nothing: each message is written once.
type notifySink struct{ app *App }

// Name implements event.Sink.
func (notifySink) Name() string { return notifyDuty }

// Publish implements event.Sink.
func (s notifySink) Publish(ctx context.Context, events []event.Event) error {
	var changes []notify.Change
	for _, e := range events {
		if e.Type == event.SalePaused || e.Type == event.SaleResumed {
			s.app.announceSoon()
		}
		changes = append(changes, notify.FromEvent(e)...)
	}
	told, err := s.app.ledger.Tell(ctx, changes)
	for _, m := range told {
		if m.Channel == notify.Console {
			s.app.log.InfoContext(ctx, notify.Sentence(m.Change.Facts), "action", "notification_received",
				"order_number", m.Change.Facts.Number, "changed_by", m.Change.Facts.ChangedBy)
		}
	}
	return err
}

// notifyOwner lends the relay to messages the lease that this duty has.
type notifyOwner struct{ node *lease.Node }

// Owned implements event.Owner.
func (o notifyOwner) Owned(string) (int64, bool) { return o.node.Owned(notifyIntake) }

// notifySpacing lets changes gather: whoever is told does not mind.
const notifySpacing = 100 * time.Millisecond

// startNotify has one of the nodes with the role jobs read the log for messages.
func (a *App) startNotify(ctx context.Context) error {
	if err := a.beginNotify(ctx); err != nil {
		return err
	}
	cursors := eventpg.NewCursors(a.pool, func(ctx context.Context, tx store.Tx, _ string, fence int64) error {
		return lease.Check(ctx, tx, []string{notifyIntake}, []int64{fence})
	})
	relay := event.NewRelay(notifySink{a}, a.sharedLog, cursors, notifyOwner{a.node}, event.RelayOptions{
		Clock: a.clock, Logger: a.log, Spacing: notifySpacing,
	})
	a.run("notify", relay.Run)
	a.run("channels", a.announceStates)
	a.run("old messages", a.pruneMessages)
	list := func(context.Context) ([]string, error) { return []string{notifyIntake}, nil }
	return a.node.Want(notifyDuty, list, func(lease.Change) { relay.Poke() })
}

// beginNotify lets the first reader begin near the end of the log: nobody wants to be told of last year. A little
// before, because nobody knows what is being written just now; each message is written once all the same.
func (a *App) beginNotify(ctx context.Context) error {
	_, err := a.pool.Exec(ctx, `
		insert into event_sinks (name, position) select $1, greatest(0, coalesce(max(position), 0) - 1000) from event_log
		on conflict do nothing`, notifyDuty)
	return store.Classify(err)
}

// keepContacts writes down how the guests of new orders want to be told, and to which traces the orders belong, in the
// orders' transaction.
func (a *App) keepContacts(ctx context.Context, tx store.Tx, orders []*order.Order) error {
	var contacts []notifypg.OrderContact
	if err := a.traces.learn(ctx, tx, orders); err != nil {
		return err
	}
	for _, o := range orders {
		if c := o.Contact; c != nil {
			contacts = append(contacts, notifypg.OrderContact{
				Order: o.ID, Tenant: o.Tenant, Contact: notify.Contact{Email: c.Email, Phone: c.Phone, Language: c.Language},
			})
		}
	}
	return a.ledger.KeepContacts(ctx, tx, contacts)
}

// How the ledger is pruned: so often, so many messages in one statement, and with a rest between statements.
const (
	pruneAtOnce = 2000
	pruneRest   = 100 * time.Millisecond
)

// pruneMessages deletes messages that are finished and old, on the node that reads the log for messages.
func (a *App) pruneMessages(ctx context.Context) error {
	keep := time.Duration(a.cfg.Notify.KeepNotifications)
	if keep == 0 {
		return nil
	}
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		next := pruneEvery
		if _, mine := a.node.Owned(notifyIntake); mine {
			n, err := a.ledger.Prune(ctx, time.Now().Add(-keep), pruneAtOnce)
			switch {
			case err != nil && ctx.Err() == nil:
				a.log.WarnContext(ctx, "old messages were not deleted", "action", "prune_failed", "error", err)
			case n > 0:
				a.log.InfoContext(ctx, "old messages deleted", "action", "messages_pruned", "messages", n)
				next = pruneRest
			}
		}
		tick.Reset(next)
	}
}
