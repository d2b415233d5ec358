package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/measure"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
	"brigade/internal/modifier"
	"brigade/internal/money"
	"brigade/internal/recipe"
)

// Setups changes what outlets are set up with; *setup.Editor.
type Setups interface {
	Set(ctx context.Context, who actor.Actor, outlet int64) (edit.Set, error)
	Put(ctx context.Context, who actor.Actor, outlet int64, t edit.Thing, version string) (edit.Done, error)
	Remove(ctx context.Context, who actor.Actor, outlet int64, ref load.Ref, version string) (edit.Done, error)
	Export(ctx context.Context, who actor.Actor) ([]byte, error)
}

const tagSetup = "Set-up"

const (
	exampleSetupStation = `{"name":"griller","capacity":6,"version":"9f2c1d7a40b35e86"}`
	exampleSetupMachine = `{"name":"grill-1","station":"griller","capacity":6,"version":"1d7a40b35e869f2c"}`
	exampleSetupPerson  = `{"name":"Asha","max_parallel":3,"efficiency":1.1,"skills":["fryer","griller"],
"times":[{"kind":"shift","weekday":1,"from":"09:00","to":"17:00"}],"version":"40b35e869f2c1d7a"}`
	exampleSetupItem = `{"sku":"wrap","name":"Grilled wrap","category":"Meals","description":"","price":7.50,"alcohol":false,"large":false,
"allergens":["gluten"],"choices":[],"steps":[{"name":"warm tortilla","station":"microwave","machine":"micro-1","seconds":20,"priority":16,"after":[],
"batch_size":0,"batch_wait_seconds":0}],"ingredients":[{"ingredient":"tortilla","quantity":"1 piece"}],"takes_seconds":20,"version":"5e869f2c1d7a40b3"}`
)

func (s *server) addSetup() {
	const about = "Only for who saw what he changes: send the `version` that you got (none for something new); when somebody else has changed it " +
		"since, the answer is 409. Sent again it changes nothing. Kitchens hear of it at once; open orders keep the recipes they came with. "
	at := func(method, path, id, summary, description, request, response string) route {
		return changes(method, "/outlets/{outlet}/setup"+path, id, tagSetup, summary, description, request, response)
	}
	add(s, at(http.MethodGet, "", "get-setup", "What an outlet is set up with", "Stations, machines, staff and menu with their recipes, as "+
		"they can be changed one by one.", "", `{"outlet":"kitchen","stations":[`+exampleSetupStation+`],"machines":[`+exampleSetupMachine+`],"staff":[`+
		exampleSetupPerson+`],"items":[`+exampleSetupItem+`]}`), s.getSetup)
	add(s, at(http.MethodPut, "/stations/{name}", "put-station", "Add or change a station", about, `{"capacity":6}`, exampleSetupStation), s.putStation)
	add(s, at(http.MethodPut, "/machines/{name}", "put-machine", "Add or change a machine", about, `{"station":"griller","capacity":6}`, exampleSetupMachine), s.putMachine)
	add(s, at(http.MethodPut, "/staff/{name}", "put-staff", "Add or change somebody", about+"Without shifts he is always on; what was measured of him stays.",
		`{"max_parallel":3,"efficiency":1.1,"skills":["griller","fryer"],"times":[{"kind":"shift","weekday":1,"from":"09:00","to":"17:00"}]}`, exampleSetupPerson), s.putPerson)
	add(s, at(http.MethodPut, "/items/{name}", "put-item", "Add or change an item and its recipe", about+"`after` names the indices of the steps that a step waits for. "+
		"Without `ingredients` its bill of materials is taken away, where one is kept.",
		`{"name":"Soup","price":4.50,"steps":[{"name":"warm soup","station":"microwave","seconds":60}]}`, exampleSetupItem), s.putItem)
	for kind, path := range map[load.Kind]string{load.KindStation: "stations", load.KindMachine: "machines", load.KindStaff: "staff", load.KindItem: "items"} {
		add(s, at(http.MethodDelete, "/"+path+"/{name}", "remove-setup-"+string(kind), "Remove from "+path, "Refused with 409 and the reason while something "+
			"still needs it, open orders among them. Sent again it changes nothing.", "", ""), s.removeSetup(kind))
	}
}

// SetupStation is a station as it is set up. It is exported for huma, as OutletParam.
type SetupStation struct {
	Name     string `json:"name" example:"griller"`
	Capacity int    `json:"capacity" doc:"Tasks at a time" example:"6"`
	Version  string `json:"version" doc:"Send it with a change" example:"9f2c1d7a40b35e86"`
}

// SetupMachine is a machine as it is set up.
type SetupMachine struct {
	Name     string `json:"name" example:"grill-1"`
	Station  string `json:"station" example:"griller"`
	Capacity int    `json:"capacity" example:"6"`
	Version  string `json:"version" example:"1d7a40b35e869f2c"`
}

// SetupTime is when somebody is on shift, or on a break, each week.
type SetupTime struct {
	Kind    string `json:"kind" enum:"shift,break" example:"shift"`
	Weekday int    `json:"weekday" minimum:"0" maximum:"6" doc:"0 = Sunday" example:"1"`
	From    string `json:"from" example:"09:00"`
	To      string `json:"to" doc:"Not after from: next day" example:"17:00"`
}

// SetupPerson is somebody as he is set up.
type SetupPerson struct {
	Name        string      `json:"name" example:"Asha"`
	MaxParallel int         `json:"max_parallel" example:"3"`
	Efficiency  float64     `json:"efficiency" doc:"As his kitchen says; what was measured is at /kitchen/staff" example:"1.1"`
	Skills      []string    `json:"skills" doc:"Stations"`
	Times       []SetupTime `json:"times" doc:"None: always on"`
	Version     string      `json:"version" example:"40b35e869f2c1d7a"`
}

// SetupStep is a step of a recipe.
type SetupStep struct {
	Name     string   `json:"name" example:"warm tortilla"`
	Station  string   `json:"station" example:"microwave"`
	Machine  string   `json:"machine,omitempty" doc:"None: any of the station" example:"micro-1"`
	Seconds  float64  `json:"seconds" example:"20"`
	Priority *float64 `json:"priority,omitempty" doc:"Higher is sooner; 10 if not given" example:"16"`
	After    []int    `json:"after,omitempty" doc:"Indices of the steps that must be done before"`
	Batch    int      `json:"batch_size,omitempty" minimum:"0" doc:"Units in one load" example:"6"`
	Wait     int      `json:"batch_wait_seconds,omitempty" minimum:"0" doc:"How long a unit waits for company" example:"60"`
}

// SetupPart is an ingredient of an item.
type SetupPart struct {
	Ingredient string `json:"ingredient" doc:"Its code" example:"tortilla"`
	Quantity   string `json:"quantity" doc:"As 120 g, 330 ml or 1 piece" example:"1 piece"`
}

// SetupItem is an item as it is set up.
type SetupItem struct {
	SKU         string           `json:"sku" example:"wrap"`
	Name        string           `json:"name" example:"Grilled wrap"`
	Category    string           `json:"category" example:"Meals"`
	Description string           `json:"description"`
	Price       money.Amount     `json:"price" example:"7.50"`
	Alcohol     bool             `json:"alcohol"`
	Large       bool             `json:"large"`
	Allergens   []string         `json:"allergens"`
	Choices     []modifier.Group `json:"choices" doc:"What a guest can choose of it"`
	Steps       []SetupStep      `json:"steps"`
	Parts       []SetupPart      `json:"ingredients"`
	Takes       float64          `json:"takes_seconds" doc:"Of the critical path" example:"65"`
	Version     string           `json:"version" example:"5e869f2c1d7a40b3"`
}

type setupOutput struct {
	Body struct {
		Outlet   string         `json:"outlet" example:"kitchen"`
		Stations []SetupStation `json:"stations"`
		Machines []SetupMachine `json:"machines"`
		Staff    []SetupPerson  `json:"staff"`
		Items    []SetupItem    `json:"items" doc:"In the order of the menu"`
	} `nameHint:"Setup"`
}

// SetupRef names a thing of an outlet's set-up. It is exported for huma, as OutletParam.
type SetupRef struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen"`
	Name   string `path:"name" doc:"Its name; an item's SKU" example:"wrap"`
}

type setupInput struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen"`
}

func (s *server) getSetup(ctx context.Context, who actor.Actor, in *setupInput) (*setupOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	set, err := s.Setups.Set(ctx, who, outlet)
	out := &setupOutput{}
	out.Body.Outlet, out.Body.Stations, out.Body.Machines = set.Outlet.Slug, []SetupStation{}, []SetupMachine{}
	out.Body.Staff, out.Body.Items = []SetupPerson{}, []SetupItem{}
	for i := range set.Outlet.Stations {
		out.Body.Stations = append(out.Body.Stations, viewSetupStation(edit.Thing{Station: &set.Outlet.Stations[i]}))
	}
	for i := range set.Outlet.Machines {
		out.Body.Machines = append(out.Body.Machines, viewSetupMachine(edit.Thing{Machine: &set.Outlet.Machines[i]}))
	}
	for i := range set.Outlet.Staff {
		out.Body.Staff = append(out.Body.Staff, viewSetupPerson(edit.Thing{Staff: &set.Outlet.Staff[i]}))
	}
	for _, it := range set.Outlet.Items {
		out.Body.Items = append(out.Body.Items, viewSetupItem(*set.Find(load.Ref{Kind: load.KindItem, Name: it.SKU}), set))
	}
	return out, err
}

func viewSetupStation(t edit.Thing) SetupStation {
	return SetupStation{t.Station.Name, t.Station.Capacity, t.Version()}
}

func viewSetupMachine(t edit.Thing) SetupMachine {
	return SetupMachine{t.Machine.Name, t.Machine.Station, t.Machine.Capacity, t.Version()}
}

func viewSetupPerson(t edit.Thing) SetupPerson {
	p := SetupPerson{
		Name: t.Staff.Name, MaxParallel: t.Staff.MaxParallel, Efficiency: t.Staff.Efficiency, Skills: append([]string{}, t.Staff.Skills...),
		Times: []SetupTime{}, Version: t.Version(),
	}
	for _, x := range t.Staff.Times {
		p.Times = append(p.Times, SetupTime{x.Kind, int(x.Weekday), x.Starts, x.Ends})
	}
	return p
}

func viewSetupItem(t edit.Thing, set edit.Set) SetupItem {
	it := t.Item
	v := SetupItem{
		SKU: it.SKU, Name: it.Name, Category: it.Category, Description: it.Description, Price: it.Price, Alcohol: it.Alcohol, Large: it.Large,
		Allergens: append([]string{}, it.Allergens...), Choices: append([]modifier.Group{}, it.Choices...), Steps: []SetupStep{}, Parts: []SetupPart{},
		Takes: recipe.Alone(edit.Plain(it.Steps)).Seconds(), Version: t.Version(),
	}
	for _, st := range it.Steps {
		v.Steps = append(v.Steps, SetupStep{st.Name, st.Station, st.Machine, st.Seconds, &st.Priority, st.After, st.Batch.Size, int(st.Batch.Wait.Seconds())})
	}
	for _, p := range it.Parts {
		v.Parts = append(v.Parts, SetupPart{p.Code, p.Quantity.In(set.Unit(p.Code))})
	}
	return v
}

// putSetup writes a thing at the outlet that a request names, and returns it as it is now.
func (s *server) putSetup(ctx context.Context, who actor.Actor, outlet string, t edit.Thing, version string) (edit.Thing, error) {
	id, err := s.outlet(ctx, who, outlet)
	if err != nil {
		return edit.Thing{}, err
	}
	done, err := s.Setups.Put(ctx, who, id, t, version)
	if err != nil {
		return edit.Thing{}, err
	}
	return *done.Now, nil
}

type putStationInput struct {
	SetupRef
	Body struct {
		Capacity int    `json:"capacity" example:"6"`
		Version  string `json:"version,omitempty" doc:"As it was got; none: it is new"`
	} `nameHint:"PutStation"`
}

type setupStationOutput struct{ Body SetupStation }

func (s *server) putStation(ctx context.Context, who actor.Actor, in *putStationInput) (*setupStationOutput, error) {
	now, err := s.putSetup(ctx, who, in.Outlet, edit.Thing{Station: &load.Station{Name: in.Name, Capacity: in.Body.Capacity}}, in.Body.Version)
	if err != nil {
		return nil, err
	}
	return &setupStationOutput{viewSetupStation(now)}, nil
}

type putMachineInput struct {
	SetupRef
	Body struct {
		Station  string `json:"station" example:"griller"`
		Capacity int    `json:"capacity" example:"6"`
		Version  string `json:"version,omitempty" doc:"As it was got; none: it is new"`
	} `nameHint:"PutMachine"`
}

type setupMachineOutput struct{ Body SetupMachine }

func (s *server) putMachine(ctx context.Context, who actor.Actor, in *putMachineInput) (*setupMachineOutput, error) {
	m := load.Machine{Name: in.Name, Station: in.Body.Station, Capacity: in.Body.Capacity}
	now, err := s.putSetup(ctx, who, in.Outlet, edit.Thing{Machine: &m}, in.Body.Version)
	if err != nil {
		return nil, err
	}
	return &setupMachineOutput{viewSetupMachine(now)}, nil
}

type putPersonInput struct {
	SetupRef
	Body struct {
		MaxParallel int         `json:"max_parallel" example:"3"`
		Efficiency  float64     `json:"efficiency,omitempty" default:"1" doc:"1 works as fast as recipes say" example:"1.1"`
		Skills      []string    `json:"skills" doc:"Stations"`
		Times       []SetupTime `json:"times,omitempty" doc:"None: always on"`
		Version     string      `json:"version,omitempty" doc:"As it was got; none: he is new"`
	} `nameHint:"PutStaff"`
}

type setupPersonOutput struct{ Body SetupPerson }

func (s *server) putPerson(ctx context.Context, who actor.Actor, in *putPersonInput) (*setupPersonOutput, error) {
	p := load.Staff{Name: in.Name, MaxParallel: in.Body.MaxParallel, Efficiency: in.Body.Efficiency, Skills: in.Body.Skills}
	for _, t := range in.Body.Times {
		p.Times = append(p.Times, load.Time{Kind: t.Kind, Weekday: time.Weekday(t.Weekday), Starts: t.From, Ends: t.To})
	}
	now, err := s.putSetup(ctx, who, in.Outlet, edit.Thing{Staff: &p}, in.Body.Version)
	if err != nil {
		return nil, err
	}
	return &setupPersonOutput{viewSetupPerson(now)}, nil
}

type putItemInput struct {
	SetupRef
	Body struct {
		Name        string       `json:"name" example:"Soup"`
		Category    string       `json:"category,omitempty" example:"Meals"`
		Description string       `json:"description,omitempty"`
		Price       money.Amount `json:"price" example:"4.50"`
		Alcohol     bool         `json:"alcohol,omitempty"`
		Large       bool         `json:"large,omitempty"`
		Allergens   []string     `json:"allergens,omitempty"`
		Choices     *[]putGroup  `json:"choices,omitempty" doc:"What a guest can choose of it; without it, that stays as it is"`
		Steps       []SetupStep  `json:"steps"`
		Parts       []SetupPart  `json:"ingredients,omitempty"`
		Version     string       `json:"version,omitempty" doc:"As it was got; none: it is new"`
	} `nameHint:"PutItem"`
}

type setupItemOutput struct{ Body SetupItem }

func (s *server) putItem(ctx context.Context, who actor.Actor, in *putItemInput) (*setupItemOutput, error) {
	id, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	set, err := s.Setups.Set(ctx, who, id)
	if err != nil {
		return nil, err
	}
	it, err := in.item(set)
	if err != nil {
		return nil, err
	}
	now, err := s.putSetup(ctx, who, in.Outlet, edit.Thing{Item: &it}, in.Body.Version)
	if err != nil {
		return nil, err
	}
	return &setupItemOutput{viewSetupItem(now, set)}, nil
}

// putGroup is choices of one kind, as they are wanted.
type putGroup struct {
	Name    string      `json:"name" example:"Extras"`
	Min     int         `json:"min,omitempty" doc:"How many at least; who chooses none gets the first so many" example:"0"`
	Max     int         `json:"max" example:"2"`
	Choices []putChoice `json:"of"`
}

type putChoice struct {
	Name      string       `json:"name" example:"Cheese"`
	Price     money.Amount `json:"price,omitempty" doc:"What it adds to the price of a unit" example:"1.00"`
	Allergens []string     `json:"allergens,omitempty" example:"[\"milk\"]"`
}

func groupsOf(list []putGroup) (out []modifier.Group) {
	for _, v := range list {
		g := modifier.Group{Name: v.Name, Min: v.Min, Max: v.Max}
		for _, c := range v.Choices {
			g.Choices = append(g.Choices, modifier.Choice(c))
		}
		out = append(out, g)
	}
	return out
}

// item is what is wanted; without a word of what can be chosen of it, that stays.
func (in *putItemInput) item(set edit.Set) (edit.Item, error) {
	b := in.Body
	it := edit.Item{Item: load.Item{
		SKU: in.Name, Name: b.Name, Category: b.Category, Description: b.Description, Price: b.Price, Alcohol: b.Alcohol, Large: b.Large, Allergens: b.Allergens,
	}}
	if was := set.Find(load.Ref{Kind: load.KindItem, Name: in.Name}); was != nil {
		it.Choices = was.Item.Choices
	}
	if b.Choices != nil {
		it.Choices = groupsOf(*b.Choices)
	}
	for _, st := range b.Steps {
		priority := 10.0
		if st.Priority != nil {
			priority = *st.Priority
		}
		it.Steps = append(it.Steps, load.Step{
			Name: st.Name, Station: st.Station, Machine: st.Machine, Seconds: st.Seconds, Priority: priority, After: st.After,
			Batch: recipe.Batch{Size: st.Batch, Wait: time.Duration(st.Wait) * time.Second},
		})
	}
	for _, p := range b.Parts {
		q, err := measure.ParseQuantity(p.Quantity, set.Unit(p.Ingredient))
		if err != nil {
			return it, err
		}
		it.Parts = append(it.Parts, load.Part{Code: p.Ingredient, Quantity: q})
	}
	return it, nil
}

type removeSetupInput struct {
	SetupRef
	Version string `query:"version" doc:"As it was got" example:"9f2c1d7a40b35e86"`
}

func (s *server) removeSetup(kind load.Kind) func(context.Context, actor.Actor, *removeSetupInput) (*struct{}, error) {
	return func(ctx context.Context, who actor.Actor, in *removeSetupInput) (*struct{}, error) {
		outlet, err := s.outlet(ctx, who, in.Outlet)
		if err != nil {
			return nil, err
		}
		_, err = s.Setups.Remove(ctx, who, outlet, load.Ref{Kind: kind, Name: in.Name}, in.Version)
		return nil, err
	}
}
