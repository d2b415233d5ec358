package load

import (
	"encoding/json"
	"time"

	"go.yaml.in/yaml/v3"
)

// Admission is how much an outlet takes on: what package kitchen's type of that name says, as it is kept.
type Admission struct {
	Waiting    time.Duration            `json:"waiting,omitempty"`
	Stations   map[string]time.Duration `json:"stations,omitempty"`
	Acceptable time.Duration            `json:"acceptable,omitempty"`
	Answer     string                   `json:"answer,omitempty"`
	Sources    []string                 `json:"sources,omitempty"`
	Calm       float64                  `json:"calm,omitempty"`
}

// Text writes an admission as JSON, the same for the same.
func (a Admission) Text() string {
	text, err := json.Marshal(a)
	if err != nil { // a plain struct; its share is a number
		panic("load: admission: " + err.Error())
	}
	return string(text)
}

// mostMinutes is the highest limit: a week.
const mostMinutes = 7 * 24 * 60

var answers = map[string]bool{"quote": true, "pause_item": true, "pause_station": true, "pause_source": true, "refuse": true}

// admission reads how much an outlet takes on.
func (k *kitchen) admission(n *yaml.Node) string {
	f := k.mapping(n, "admission", "station_minutes", "stations", "acceptable_minutes", "answer", "sources", "resume_below")
	a := Admission{
		Waiting: f.minutes("station_minutes"), Acceptable: f.minutes("acceptable_minutes"), Answer: f.text("answer"),
		Calm: f.number("resume_below", 0, 0.99, 0),
	}
	for _, n := range f.list("stations") {
		s := k.mapping(n, "a station's limit", "station!", "minutes!")
		if at := s.values["station"]; at != nil {
			if a.Stations == nil {
				a.Stations = map[string]time.Duration{}
			}
			a.Stations[k.stations.pick(k.reader, at)] = s.minutes("minutes")
		}
	}
	for _, n := range f.list("sources") {
		a.Sources = append(a.Sources, n.Value)
	}
	if a.Answer != "" && !answers[a.Answer] {
		f.fault(f.values["answer"], "answer must be quote, pause_item, pause_station, pause_source or refuse")
	}
	if (a.Answer == "pause_source") != (len(a.Sources) > 0) {
		f.fault(n, "sources must be given with the answer pause_source, and only then")
	}
	if a.Calm != a.Calm { // faulty, and said so
		a.Calm = 0
	}
	return a.Text()
}

// minutes reads a limit; 0 is none.
func (f fields) minutes(key string) time.Duration {
	m := f.number(key, 0, mostMinutes, 0)
	if m != m {
		return 0
	}
	return time.Duration(m * float64(time.Minute))
}
