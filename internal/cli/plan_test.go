package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlanCommandsAskTheServer(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/planning/production": `{"kind":"production","day":"","outlets":1}`,
		"GET /api/v1/planning/production": `{"starts":[{"code":"patty","unit":"piece","station":"grill","begin":"2026-05-04T08:00:00Z",
			"ready":"2026-05-04T08:40:00Z","for":"2026-05-04T09:00:00Z","batches":2,"amount":20,"minutes":30}],
			"totals":[{"code":"patty","unit":"piece","there":4,"expected":19.5,"wanted":23.1,"planned":20,"edited":30,"edited_by":"ann"}],
			"notes":[{"kind":"cut","text":"sell less"},{"kind":"no_minutes","problem":true,"text":"grill is full"}]}`,
		"GET /api/v1/planning/procurement": `{"lines":[{"supplier":"grocer","code":"beef","name":"Beef","unit":"g","deliver_on":"2026-05-05",
			"order_by":"2026-05-04T14:00:00Z","pack":5000,"packs":2,"order":3,"amount":15000,"total":60,"currency":"EUR","why":"because","edited_by":"ann"},
			{"supplier":"baker","code":"bun","name":"Bun","unit":"piece","deliver_on":"2026-05-05","order_by":"2026-05-04T14:00:00Z","pack":24,"packs":1,"order":1,
			"amount":24,"total":6,"currency":"EUR","why":"because"}]}`,
		"GET /api/v1/planning/stock": `{"ingredients":[{"code":"bun","unit":"piece","there":30,"out":"2026-05-05T11:00:00Z","out_ordered":null,"wasted":2,
			"days":[{"day":"2026-05-04","opening":30,"used":20,"closing":10}]}]}`,
		"PUT /api/v1/planning/production/patty/2026-05-04": `{"day":"2026-05-04","code":"patty","planned":20,"edited":30}`,
		"PUT /api/v1/planning/procurement/beef/2026-05-05": `{"day":"2026-05-05","code":"beef","planned":10000,"edited":15000}`,
		"GET /api/v1/planning/plan-edits":                  `{"better":1,"worse":0,"plan_wape":0.2,"edits_wape":0.1,"edits":[{"day":"2026-05-04","code":"patty","planned":20,"edited":30,"taken":33,"plan_error":9,"edit_error":1,"edited_by":"ann"}]}`,
	})
	r := run(t, "plan", "production", "--again", "--day", "2026-05-04", server)
	require.Equal(t, ExitDone, r.code, r.err)
	require.Equal(t, `BEGIN            READY            PREPARATION  BATCHES  AMOUNT  STATION  MINUTES  FOR
Mon 4 May 08:00  Mon 4 May 08:40  patty        2        20 pc   grill    30       Mon 4 May 09:00
`, r.out)
	require.Equal(t, "! grill is full\n- sell less\n", r.err, "problems first")
	require.Contains(t, *asked, `POST /api/v1/planning/production {"day":"2026-05-04"}`)
	require.Contains(t, ok(t, "plan", "production", "--totals", server), "patty        4 pc   19.5 pc   23.1 pc  20 pc    30 pc    ann")
	require.Equal(t, `delivery,order_by,supplier,code,name,packs,of,amount,total,currency,by_hand,unit
2026-05-05,2026-05-04T14:00:00Z,grocer,beef,Beef,3,5000,15000,60.00,EUR,ann; planned 2,g
`, ok(t, "plan", "procurement", "--supplier", "grocer", "--csv", server))
	require.Contains(t, ok(t, "plan", "procurement", "--why", server), "because")
	require.Contains(t, run(t, "plan", "procurement", "--supplier", "nobody", server).err, "nothing is to be ordered")
	require.Contains(t, ok(t, "plan", "stock", server), "bun   30 pc  Tue 5 May 11:00  -            2 pc")
	require.Contains(t, ok(t, "plan", "stock", "--code", "bun", server), "bun   2026-05-04  30 pc")
	require.Equal(t, ExitFailed, run(t, "plan", "stock", "--code", "x", server).code)
	require.Contains(t, ok(t, "plan", "stock", "--json", server), `"ingredients"`)
	require.Contains(t, ok(t, "plan", "edit", "production", "patty", "2026-05-04", "3", server), "3 batches, 30; planned were 20")
	require.Contains(t, ok(t, "plan", "edit", "procurement", "beef", "2026-05-05", "3", "--reason", "party", server), "3 packs")
	require.Contains(t, *asked, `PUT /api/v1/planning/procurement/beef/2026-05-05 {"packs":3,"reason":"party"}`)
	r = run(t, "plan", "edits", server)
	require.Contains(t, r.err, "1 edits were nearer than the plan, 0 were not: 10.0 % off instead of 20.0 %")
	require.Equal(t, ExitMisuse, run(t, "plan", "edit", "stock", "x", "2026-05-04", "3", server).code)
	require.Equal(t, ExitMisuse, run(t, "plan", "edit", "production", "x", "2026-05-04", "--", "-3").code)
}
