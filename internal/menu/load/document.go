// Package load reads files that describe a tenant: its outlets, their kitchens (stations, machines, staff), menus and
// recipes. It is pure: text in, a document or its faults out, and what differs between two documents.
//
// demo.yaml, next to this file, shows everything that a file may say.
package load

import (
	"time"

	"brigade/internal/modifier"
	"brigade/internal/money"
	"brigade/internal/recipe"
)

// Document is what a file describes: one tenant and some or all of its outlets. Names have been resolved, defaults
// filled in, dependencies inferred.
type Document struct {
	Tenant  Tenant
	Outlets []Outlet

	Delivery *Delivery // nil: the file does not say
}

// Tenant is the business.
type Tenant struct {
	Slug, Name, Tier, Timezone, Currency string
}

// Outlet is one place with a kitchen and a menu.
type Outlet struct {
	Slug, Name, Timezone string
	Default              bool          // requests that name no outlet mean this one
	FreeFormStation      string        // where items that are not on the menu are made; "" = they are not made
	StaleAfter           time.Duration // whole seconds
	CourseGap            time.Duration // between a course being made and the next one being fired; whole seconds
	Admission            string        // how much it takes on, as JSON; "" = the file does not say, and nothing is changed
	Stations             []Station
	Machines             []Machine
	Staff                []Staff
	Items                []Item
	Stock                *Stock // nil: the file does not say, and nothing is changed
}

// Station is a place to work at; Capacity tasks at a time.
type Station struct {
	Name     string
	Capacity int
}

// Machine stands at a station; Capacity tasks at a time.
type Machine struct {
	Name, Station string
	Capacity      int
}

// Staff is somebody who cooks.
type Staff struct {
	Name        string
	MaxParallel int
	Efficiency  float64 // 1 works as fast as recipes estimate; measured values replace it in time
	Skills      []string
	Times       []Time // none: always on
}

// Kinds of Time.
const (
	Shift = "shift"
	Break = "break"
)

// Time is when somebody is on shift, or on break, each week in the outlet's time zone.
type Time struct {
	Kind         string
	Weekday      time.Weekday
	Starts, Ends string // 15:04; an end that is not after the start is on the next day
}

// Item is something to sell, and how it is made.
type Item struct {
	SKU, Name, Category, Description string
	Price                            money.Amount
	Alcohol                          bool // whoever brings it must be able to check ages
	Large                            bool // whoever brings it must have the room
	Choices                          []modifier.Group
	Allergens                        []string // as the file orders them
	Steps                            []Step
}

// Step is one piece of work of a recipe.
type Step struct {
	Name, Station     string
	Machine           string // "" = any machine of the station
	Seconds, Priority float64
	After             []int // indices of the steps that must be done before, ascending
	Batch             recipe.Batch
}
