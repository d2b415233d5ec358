package sched

import "fmt"

// Reason is what a ready task waits for, or why a machine cannot take it.
type Reason uint8

// The reasons, in the order in which they are looked for: the first that applies is told.
const (
	Assignable     Reason = iota // nothing: the next Plan can assign it
	StationUnknown               // the layout does not have its station
	StationFull                  // no free slot at the station
	MachineUnknown               // the layout does not have the machine it names
	MachineDown                  // the machine it names, or every machine of the station, is down
	MachineFull                  // the machine it names, or every machine that is up, has no free slot
	NobodySkilled                // nobody has the skill for the station
	AllOff                       // everybody who has it is off shift or on a break
	StaffAtLimit                 // everybody who has it and is at work has his hands full
	HeldBack                     // nothing but that the rest of its order is not so far yet
)

var reasons = [...]string{
	Assignable:     "assignable",
	StationUnknown: "station unknown",
	StationFull:    "station full",
	MachineUnknown: "machine unknown",
	MachineDown:    "machine down",
	MachineFull:    "machine full",
	NobodySkilled:  "nobody with the skill",
	AllOff:         "all on break/off shift",
	StaffAtLimit:   "staff at their limit",
	HeldBack:       "held for the rest of its order",
}

// String returns the reason in words; clients see it.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// MarshalText returns the reason in words.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote; it fails on other words.
func (r *Reason) UnmarshalText(text []byte) error {
	for i, words := range reasons {
		if words == string(text) {
			*r = Reason(i)
			return nil
		}
	}
	return fmt.Errorf("unknown reason %q", text)
}
