package api

import (
	"context"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

func (s *server) addTaps() {
	add(s, route{
		method: http.MethodPost, path: "/api/v1/kitchen/taps", view: ViewCanonical, id: "settle-taps", tag: tagKitchen,
		summary: "What was tapped on a kitchen screen",
		description: "For tablets that may be offline: everything that was tapped, in its order, each with a key of its own. A tap is " +
			"carried out once however often it is sent; a key is known for seven days. `done` and `repeated` are settled, `refused` " +
			"will not be carried out (`detail` says why), `again` was not carried out as far as anybody knows: send it, and what follows it, again.",
		request: `{"taps":[{"key":"tablet-1.1723","do":"complete","task_id":1},{"key":"tablet-1.1724","do":"remake","order_id":1,"line":1,"unit":2,"reason":"dropped"}]}`,
		response: `{"taps":[{"key":"tablet-1.1723","outcome":"done","detail":""},` +
			`{"key":"tablet-1.1724","outcome":"refused","detail":"nothing of it is made yet"}]}`,
	}, s.settleTaps)
}

type tapBody struct {
	Key    string          `json:"key" minLength:"8" maxLength:"64" doc:"The tablet's own" example:"tablet-1.1723"`
	Do     kitchen.TapKind `json:"do" enum:"start,complete,undo,recall,rush,unrush,hold,fire,remake"`
	Task   int64           `json:"task_id,omitempty" doc:"Of start, complete, undo and recall" example:"1"`
	Order  int64           `json:"order_id,omitempty" doc:"Of the others" example:"1"`
	Course count           `json:"course,omitempty" doc:"Of hold and fire; without it, all of the order" example:"2"`
	Line   count           `json:"line,omitempty" doc:"Of remake" example:"1"`
	Unit   count           `json:"unit,omitempty" doc:"Of remake: which of the line's units, from 1; without it, the first" example:"2"`
	Step   *count          `json:"from_step,omitempty" doc:"Of remake: from this step of the recipe on, from 0; without it, everything" example:"3"`
	Reason string          `json:"reason,omitempty" maxLength:"200" example:"dropped"`
}

type tapsInput struct {
	Body struct {
		Taps []tapBody `json:"taps" minItems:"1" maxItems:"100"`
	} `nameHint:"Taps"`
}

type settledTap struct {
	Key     string          `json:"key" example:"tablet-1.1723"`
	Outcome kitchen.Outcome `json:"outcome" enum:"done,repeated,refused,again"`
	Detail  string          `json:"detail" doc:"Why it was not carried out" example:""`
}

type tapsOutput struct {
	Body struct {
		Taps []settledTap `json:"taps"`
	} `nameHint:"SettledTaps"`
}

func (t tapBody) tap() kitchen.Tap {
	tap := kitchen.Tap{
		Key: t.Key, Do: t.Do, Task: t.Task, Order: t.Order, Course: int(t.Course), Line: int(t.Line), Unit: int(t.Unit), Step: -1,
		Reason: t.Reason,
	}
	if t.Step != nil {
		tap.Step = int(*t.Step)
	}
	return tap
}

func (s *server) settleTaps(ctx context.Context, who actor.Actor, in *tapsInput) (*tapsOutput, error) {
	taps := make([]kitchen.Tap, len(in.Body.Taps))
	for i, t := range in.Body.Taps {
		taps[i] = t.tap()
	}
	out := &tapsOutput{}
	for _, done := range s.Work.Settle(ctx, who, taps) {
		if errs.Is(done.Err, errs.KindInternal) { // the tablet forgets it
			s.Log.ErrorContext(ctx, "a tap failed", "action", "tap_failed", "key", done.Key, "error", done.Err)
		}
		out.Body.Taps = append(out.Body.Taps, settledTap{done.Key, done.Outcome, done.Why()})
	}
	return out, nil
}
