package app

import (
	"context"
	"fmt"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/job"
	"brigade/internal/planning/holiday"
	"brigade/internal/post"
	"brigade/internal/stock"
	"brigade/internal/stock/paper"
)

// mailPurchase is the job that mails a purchase order to its supplier.
type mailPurchase struct {
	Tenant   int64 `json:"tenant"`
	Purchase int64 `json:"purchase"`
}

// Kind implements job.Args.
func (mailPurchase) Kind() string { return "purchase_mail" }

// Queue implements job.Routed.
func (mailPurchase) Queue() job.Queue { return job.Notify }

// buildPurchaseMail lets purchase orders be mailed where there is a mail server.
func (a *App) buildPurchaseMail() {
	job.Register(a.workers, func(ctx context.Context, j mailPurchase, _ job.Try) error { return a.mailPurchase(ctx, j) })
	if a.letters != nil {
		a.stock.Mails()
	}
}

// mailPurchase does the job. What fails is shown with the order until it is done; twice, it is the same letter.
func (a *App) mailPurchase(ctx context.Context, j mailPurchase) error {
	if a.letters == nil {
		return errs.Unavailable("this process has no mail server")
	}
	who := actor.Actor{Tenant: j.Tenant, Name: "stock", Role: actor.System}
	p, err := a.stock.Purchase(ctx, who, j.Purchase)
	if err != nil {
		return err
	}
	if p.Status != stock.Sent {
		return nil // cancelled, or in already
	}
	letter, err := a.purchaseLetter(ctx, who, p)
	if err != nil {
		return err
	}
	failure := ""
	if _, err = a.letters.Send(ctx, letter); err != nil {
		failure = err.Error()
	}
	if failure != p.Failure {
		if noted := a.stockRows.NoteFailure(ctx, j.Tenant, j.Purchase, failure); noted != nil {
			return noted
		}
	}
	return err
}

func (a *App) purchaseLetter(ctx context.Context, who actor.Actor, p stock.Purchase) (post.Letter, error) {
	l := post.Letter{
		ID: fmt.Sprintf("purchase-%d", p.ID), To: p.SentTo, Subject: "Purchase order " + p.Number,
		Text: fmt.Sprintf("Please find our order %s attached.\nDelivery: %s\n", p.Number, p.DeliverOn.Format("2006-01-02")),
	}
	for _, format := range []string{"pdf", "csv"} {
		body, err := a.purchasePaper(ctx, who, p, format)
		if err != nil {
			return l, err
		}
		l.Files = append(l.Files, post.File{Name: p.Number + "." + format, Body: body})
	}
	return l, nil
}

// purchasePaper writes a purchase order as csv or pdf, as numbers are written where its outlet is.
func (a *App) purchasePaper(ctx context.Context, who actor.Actor, p stock.Purchase, format string) ([]byte, error) {
	outlet, err := a.tenants.Outlet(ctx, who.Tenant, p.Outlet)
	if err != nil {
		return nil, err
	}
	business, err := a.stockRows.Business(ctx, who.Tenant)
	if err != nil {
		return nil, err
	}
	zone := outlet.Timezone
	head := paper.Head{Business: business, Outlet: outlet.Name, Zone: zone, Country: holiday.CountryOf(zone.String())}
	if format == "csv" {
		return paper.CSV(p, head)
	}
	return paper.PDF(p, head)
}
