package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const zoneReplyText = `{"zones":[{"name":"centre","fee":1.90,"minimum":10.00,"free_from":25.00,"extra_minutes":5,"hours":{"from":"12:00","to":"23:00"},
"square_km":5.65,"delivering":false,"paused":{"at":"2024-12-16T12:00:00Z","until":"2024-12-16T13:00:00Z","reason":"a flood","by":"Ada"},
"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}},
{"name":"east","fee":3.50,"minimum":0.00,"free_from":null,"extra_minutes":0,"hours":null,"square_km":2,"delivering":true,"paused":null,
"geometry":{"type":"Polygon","coordinates":[]}}],"radius_metres":0,"unknown_addresses":"take"}`

func TestZones(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/outlets/kitchen/delivery-zones"
	server, asked := serve(t, map[string]string{
		"GET " + path: zoneReplyText, "PUT " + path: zoneReplyText, "DELETE " + path + "/east": zoneReplyText,
		"POST " + path + "/centre/pause": zoneReplyText, "POST " + path + "/centre/resume": zoneReplyText,
		"PUT /api/v1/outlets/kitchen/delivery-reach": zoneReplyText,
		"GET /api/v1/outlets/kitchen/delivery-check": `{"zone":"centre","fee":1.90,"minimum":10.00,"free_from":25.00,"extra_minutes":5,"refused":"zone centre is paused"}`,
	})
	zone := func(args ...string) string {
		return ok(t, append(append([]string{"delivery", "zone"}, args...), server)...)
	}
	require.Equal(t, `ZONE    FEE   MINIMUM  FREE FROM  EXTRA MIN  HOURS        KM²   DELIVERED TO
centre  1.90  10.00    25.00      5          12:00-23:00  5.65  paused until 13:00:00 by Ada: a flood
east    3.50  0.00     never      0          always       2     yes
addresses that nobody can place: take
`, zone("list", "kitchen"))
	require.Contains(t, zone("show", "kitchen", "centre"), `[[[0,0],[1,0],[1,1],[0,0]]]`)
	require.Contains(t, zone("show", "kitchen", "east", "--json"), `"free_from":null`)
	require.Equal(t, ExitFailed, run(t, "delivery", "zone", "show", "kitchen", "north", server).code)
	zone("pause", "kitchen", "centre", "--minutes", "30", "--reason", "a flood")
	zone("resume", "kitchen", "centre")
	zone("remove", "kitchen", "east")
	zone("reach", "kitchen", "--radius-km", "5", "--unknown", "take")
	require.Equal(t, "centre: fee 1.90, from 10.00 on, free from 25.00; refused now: zone centre is paused\n", zone("check", "kitchen", "Calle Mayor 5", "--total", "12"))
	file := filepath.Join(t.TempDir(), "zones.geojson")
	require.NoError(t, os.WriteFile(file, []byte(`{"type":"FeatureCollection","features":[]}`), 0o600))
	zone("load", "kitchen", file)
	require.Equal(t, []string{
		"POST " + path + `/centre/pause {"minutes":30,"reason":"a flood"}`, "POST " + path + "/centre/resume", "DELETE " + path + "/east",
		`PUT /api/v1/outlets/kitchen/delivery-reach {"radius_metres":5000,"unknown_addresses":"take"}`,
		"GET /api/v1/outlets/kitchen/delivery-check?address=Calle+Mayor+5&total=12.00", "PUT " + path + ` {"type":"FeatureCollection","features":[]}`,
	}, (*asked)[4:])
}

func TestRegions(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/delivery-regions": `[{"id":1,"slug":"madrid","name":"Madrid","timezone":"Europe/Madrid","offer_seconds":45,
		"drivers":{"waiting":3,"delivering":2,"on_break":0},"deliveries":{"pending":1,"offered":1,"assigned":1,"on_board":2,"escalated":1}}]`})
	require.Regexp(t, `madrid +Madrid +3 +2 +0 +1 +1 +1 +2 +1`, ok(t, "delivery", "regions", server))
}

func TestWhatManagersUndo(t *testing.T) {
	t.Parallel()
	const d = `{"order_number":"ORD_1","status":"requested"}`
	server, asked := serve(t, map[string]string{
		"POST /api/v1/deliveries/ORD_1/unassign": d, "POST /api/v1/deliveries/ORD_1/take-over": d,
		"POST /api/v1/driver/deliveries/ORD_1/problem": d,
		"DELETE /api/v1/drivers/Marta/incident":        `{"name":"Marta","status":"WAITING_FOR_WORK","assigned":0}`,
	})
	require.Equal(t, "ORD_1 is requested\n", ok(t, "delivery", "unassign", "ORD_1", server))
	require.Equal(t, "ORD_1 is on board of Karim\n", ok(t, "delivery", "take-over", "ORD_1", "Karim", server))
	require.Equal(t, "Marta is WAITING_FOR_WORK and has 0\n", ok(t, "driver", "recover", "Marta", server))
	ok(t, "driver", "problem", "Marta", "ORD_1", "--reason", "nobody opens", server)
	require.Equal(t, `POST /api/v1/driver/deliveries/ORD_1/problem?driver=Marta {"reason":"nobody opens"}`, (*asked)[3])
	require.Equal(t, `POST /api/v1/deliveries/ORD_1/take-over {"driver":"Karim"}`, (*asked)[1])
}
